"""A fleet over an engine that does what it is told: what is run, remembered, resumed and said."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.commands.running import nodes
from bench.errors import UsageError
from bench.launch import plugin
from bench.launch.model import End, Status
from bench.records.model import Record
from bench.records.store import read, write
from tests.fleet.launch_hand import NODES, WORDS, Hand, ended, fleet_table, launched, own_hand, torn


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> type[Hand]:
    """The engine, under the name of Slurm."""
    made = own_hand()
    monkeypatch.setitem(plugin.ENGINES, "slurm", made)
    return made


@pytest.fixture
def quick(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs on nodes that leave a record measured beforehand, or complete what is there."""

    def on_node(words: tuple[str, ...]) -> End:
        told = {key: value.strip("'") for key, _, value in (one.partition("=") for one in words)}
        path = Path(told.get("resume", f"{told['out']}/2026-11-26/{record.id}.json"))
        write(record, path)
        return 0, ""

    monkeypatch.setattr(nodes, "on_node", on_node)


def test_each_node_leaves_a_record_that_names_it(
    hand: type[Hand], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, out = list(sys.argv), tmp_path / "fleet"
    assert launched(*WORDS, "node=n1,n2", f"out={out}") == 0
    assert [job.node for job in hand.made] == ["n1", "n2"]
    records = sorted(out.glob("*/*/*.json"))
    assert [read(path).machine.node for path in records] == ["n1", "n2"]
    told = ended(out)
    assert {one["state"] for one in told.values()} == {"complete"}
    assert [out / one["record"] for one in told.values()] == records
    assert {row[0] for row in fleet_table(capsys.readouterr().out).values()} == {"complete"}
    assert sys.argv == before
    left = sorted(one.name for one in out.iterdir())
    assert left == [".fleet.lock", "fleet.jsonl", "n1", "n2"]


def test_what_went_wrong_is_told_and_only_that_is_run_again(
    hand: type[Hand], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "fleet"
    hand.known = {**NODES, "n3": "Slurm calls the node down: fan"}
    hand.deaths = {"n2": Status("ended", 7, "Slurm: failed", out / "n2" / "log")}
    assert launched(*WORDS, "node=all", f"out={out}", "quiet=true") == 1
    told = fleet_table(capsys.readouterr().out)
    assert told["n2"] == ["failed", "7", "–", "Slurm: failed", "n2/log"]
    assert told["n3"] == ["down", "–", "–", "Slurm calls the node down: fan", "–"]
    (path,) = out.glob("n1/*/*.json")
    torn(path)
    hand.made, hand.known, hand.deaths = [], NODES, {}
    assert main(["run", "-m", f"resume={out}"]) == 0
    assert {row[0] for row in fleet_table(capsys.readouterr().out).values()} == {"complete"}
    assert [job.node for job in hand.made] == ["n1", "n2", "n3"]
    assert [job.words[0].partition("=")[0] for job in hand.made] == ["resume", "device", "device"]
    again = read(path)
    assert (again.state, again.machine.node) == ("complete", "n1")
    assert "resumed_utc" in again.settings
    hand.made = []
    assert main(["run", "-m", f"resume={out}", "quiet=true"]) == 0
    assert hand.made == []


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (Status("ended", None, "Slurm: node fail"), "lost"),
        (Status("ended", 130, "ended before anything was measured"), "interrupted"),
        (Status("ended", 2, "no device 'cuda' here"), "failed"),
        (Status("down", None, "Slurm calls the node drained"), "down"),
    ],
    ids=["lost", "interrupted", "failed", "down"],
)
@pytest.mark.usefixtures("quick")
def test_a_job_without_a_record_is_called_by_how_it_ended(
    status: Status, state: str, hand: type[Hand], tmp_path: Path
) -> None:
    hand.deaths = {"n2": status}
    out = tmp_path / "fleet"
    assert launched(*WORDS, "node=n2,n1", f"out={out}", "quiet=true") == 1
    told = ended(out)
    assert (told["n2"]["state"], told["n2"]["reason"]) == (state, status.reason)
    assert told["n1"]["state"] == "complete"


@pytest.mark.usefixtures("quick")
def test_a_record_tells_what_the_engine_cannot(hand: type[Hand], tmp_path: Path) -> None:
    out = tmp_path / "fleet"
    assert launched(*WORDS, "node=n1,n2,n3", f"out={out}", "quiet=true") == 0
    first, second, third = sorted(out.glob("*/*/*.json"))
    torn(first)
    broken = read(second).measurements
    failed = broken[-1].model_copy(update={"status": "failed", "reason": "wrong result"})
    write(read(second).model_copy(update={"measurements": (*broken[:-1], failed)}), second)
    hand.deaths = {"n1": Status("ended", None, "Slurm: node fail")}
    assert main(["run", "-m", f"resume={out}", "quiet=true"]) == 1
    told = ended(out)
    assert told["n1"]["reason"] == "Slurm: node fail; lacks measurements"
    assert [told[name]["state"] for name in ("n1", "n2", "n3")] == [
        "interrupted", "failed", "complete",
    ]  # fmt: skip
    assert told["n2"]["reason"].endswith("wrong result")
    assert read(third).state == "complete"


@pytest.mark.usefixtures("quick")
def test_ctrl_c_ends_the_jobs_and_tells_what_they_left(
    hand: type[Hand], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand.stuck = ("n2",)
    assert launched(*WORDS, "node=n1,n2", f"out={tmp_path / 'fleet'}") == 130
    told, said = capsys.readouterr()
    rows = fleet_table(told)
    assert rows["n1"][0] == "complete"
    assert rows["n2"] == ["interrupted", "130", "–", "cancelled", "–"]
    assert "interrupted: ending the jobs that still run" in said


@pytest.mark.usefixtures("quick")
def test_a_job_that_the_engine_refuses_costs_that_node_only(
    hand: type[Hand], tmp_path: Path
) -> None:
    hand.refused = ("n1",)
    assert launched(*WORDS, "node=n1,n2", f"out={tmp_path / 'f'}", "quiet=true") == 1
    told = ended(tmp_path / "f")
    assert (told["n1"]["state"], told["n1"]["reason"]) == ("lost", "not started: over quota")
    assert told["n2"]["state"] == "complete"


def test_a_run_that_ends_with_an_error_says_so_in_the_table(
    hand: type[Hand], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hand.made == []
    out = tmp_path / "fleet"
    assert launched(*WORDS, "node=n1", f"out={out}", "quiet=true") == 0
    (path,) = out.glob("n1/*/*.json")
    torn(path)
    monkeypatch.setattr("bench.measure.resume.METHOD", 99)
    assert main(["run", "-m", f"resume={out}", "quiet=true"]) == 1
    told = ended(out)["n1"]
    assert (told["state"], told["exit_code"]) == ("failed", 2)
    assert "measured by method 2, this is method 99: measure again" in told["reason"]


def test_a_job_of_several_devices_is_judged_by_its_end_and_measured_anew(
    hand: type[Hand], record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its newest record may be complete while those of other devices were never begun."""
    own = record.model_copy(update={"settings": {**record.settings, "group": "a", "together": 1}})
    ends = iter((130, 1, 0))
    given: list[tuple[str, ...]] = []

    def on_node(words: tuple[str, ...]) -> End:
        given.append(words)
        told = {key: value.strip("'") for key, _, value in (one.partition("=") for one in words)}
        write(own, Path(f"{told['out']}/2026-11-26/{own.id}.json"))
        return next(ends), ""

    monkeypatch.setattr(nodes, "on_node", on_node)
    out = tmp_path / "fleet"
    assert launched(*WORDS, "node=n1", f"out={out}", "quiet=true") == 1
    assert ended(out)["n1"]["state"] == "interrupted"
    for state, code in (("failed", 1), ("complete", 0)):
        assert launched(f"resume={out}", "quiet=true") == code
        assert ended(out)["n1"]["state"] == state
    assert launched(f"resume={out}", "quiet=true") == 0
    assert len(given) == len(hand.made) == 3
    assert not any(word.startswith("resume=") for words in given for word in words)


@pytest.mark.usefixtures("quick")
def test_an_engine_may_leave_questions_unanswered_for_a_while(
    hand: type[Hand],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer, silent = hand.ask, iter(range(3))

    def ask(self: Hand, tickets: Sequence[str]) -> Mapping[str, Status]:
        if next(silent, None) is not None:
            raise UsageError("squeue: Socket timed out")
        return answer(self, tickets)

    monkeypatch.setattr(hand, "ask", ask)
    out = tmp_path / "fleet"
    assert launched(*WORDS, "node=n1,n2", f"out={out}") == 0
    assert {one["state"] for one in ended(out).values()} == {"complete"}
    assert "squeue: Socket timed out: asking again" in capsys.readouterr().err
    silent = iter(range(1000))
    assert launched(*WORDS, "node=n1,n2", f"out={out}2") == 2
