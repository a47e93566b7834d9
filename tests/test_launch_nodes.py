"""A fleet over an engine that does what it is told: what is run, remembered, resumed and said."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.commands import nodes
from bench.launch import plugin
from bench.launch.jobs import jobs
from bench.launch.model import End, Job, RefusedError, Status
from bench.launch.plan import begun, known
from bench.launch.ray import Ray
from bench.launch.slurm import Slurm, _exit_code
from bench.launch.watch import Fleet
from bench.records.model import Record
from bench.records.store import read, write

WORDS = ("device=fake", "chip=h20", "kernel=memory")
NODES = {"n1": "", "n2": "", "n3": ""}


class Hand:
    """An engine whose jobs run in this process, one when it is asked; trouble is made by hand.

    Attributes:
        made: all jobs that were started, of all hands.
        deaths: jobs that end without a word, and what is said of them.
        stuck: nodes whose jobs never end by themselves.
    """

    made: list[Job]
    known: Mapping[str, str]
    deaths: Mapping[str, Status]
    stuck: tuple[str, ...]
    refused: tuple[str, ...]

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.ends: dict[str, Status] = {}
        self.waiting: dict[str, tuple[Job, Callable[[tuple[str, ...]], End]]] = {}
        self.asked = 0

    def nodes(self) -> Mapping[str, str]:
        return self.known

    def expand(self, word: str) -> list[str]:
        return word.split(",")

    def start(self, job: Job, function: Callable[[tuple[str, ...]], End]) -> str:
        if job.node in self.refused:
            raise RefusedError("over quota")
        self.made.append(job)
        self.waiting[f"7{len(self.waiting)}"] = job, function
        return f"7{len(self.waiting) - 1}"

    def ask(self, tickets: Sequence[str]) -> Mapping[str, Status]:
        self.asked += 1
        for ticket in tickets:
            job, function = self.waiting[ticket]
            if job.node in self.deaths:
                self.ends[ticket] = self.deaths[job.node]
            elif job.node not in self.stuck and ticket not in self.ends:
                self.ends[ticket] = Status("ended", *function(job.words))
                break
        if self.stuck and self.asked > 3:
            raise KeyboardInterrupt
        return {one: self.ends.get(one, Status("running")) for one in tickets}

    def cancel(self, tickets: Sequence[str]) -> None:
        self.stuck = ()
        self.ends |= {one: Status("ended", 130, "cancelled") for one in tickets}

    def close(self) -> None:
        self.waiting = {}


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> type[Hand]:
    """The engine, under the name of Slurm."""
    del capsys  # what runs prints belongs to no test's output

    class Own(Hand):
        made, known, deaths, stuck, refused = [], NODES, {}, (), ()

    monkeypatch.setitem(plugin.ENGINES, "slurm", Own)
    return Own


@pytest.fixture
def quick(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs on nodes that leave a record measured beforehand, or complete what is there."""

    def on_node(words: tuple[str, ...]) -> End:
        told = {key: value.strip("'") for key, _, value in (one.partition("=") for one in words)}
        path = Path(told.get("resume", f"{told['out']}/2026-11-26/{record.id}.json"))
        write(record, path)
        return 0, ""

    monkeypatch.setattr(nodes, "on_node", on_node)


def launched(*words: str) -> int:
    return main(["run", "-m", "hydra/launcher=slurm", "hydra.launcher.poll_s=0.001", *words])


def ended(folder: Path) -> dict[str, dict[str, Any]]:
    """How the jobs of a fleet ended, as its file says."""
    lines = (folder / "fleet.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    return {one["job"]: one for one in map(json.loads, lines)}


def fleet_table(text: str) -> dict[str, list[str]]:
    """The cells of the fleet's table, by node; above it stand the reports of the runs."""
    lines = text.partition("**Fleet")[2].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    return {row[0]: row[1:] for row in rows[2:]}


def torn(path: Path) -> None:
    """Makes a record one that was interrupted before its last measurement."""
    whole = read(path)
    kept = {"state": "interrupted", "measurements": whole.measurements[:-1]}
    write(whole.model_copy(update=kept), path)


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
    assert sorted(one.name for one in out.iterdir()) == ["fleet.jsonl", "n1", "n2"]


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
    assert "measured by method 1, this is method 99: measure again" in told["reason"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hydra/launcher=slurm", *WORDS), "on which nodes? give node=all, or"),
        (("hydra/launcher=slurm", *WORDS, "node=n9"), "no node 'n9': did you mean"),
        (("hydra/launcher=slurm", *WORDS, "node=n1", "suite=smoek"), "smoke"),
        (("hydra/launcher=slurm", "hydra.launcher.partitoin=x", "node=n1"), "partitoin"),
        (("hydra/launcher=slurm", "hydra.launcher.poll_s=0", "node=n1"), "poll_s=0 must be above"),
        ((*WORDS, "node=n1,n2"), "this machine is one node; give hydra/launcher=slurm or"),
        (("resume=nonesuch",), "there is no nonesuch/fleet.jsonl"),
        (("hydra/launcher=slurn", "node=n1"), "slurn"),
    ],
    ids=["none", "unknown", "value", "key", "pace", "no launcher", "resume", "launcher"],
)
def test_wrong_words_are_refused_before_anything_is_started(
    words: tuple[str, ...],
    said: str,
    hand: type[Hand],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [])
    assert main(["run", "-m", *words]) == 2
    assert said in capsys.readouterr().err
    assert hand.made == []


@pytest.mark.usefixtures("quick")
def test_a_fleet_is_not_begun_twice_nor_resumed_with_other_words(
    hand: type[Hand], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "fleet"
    assert launched(*WORDS, "node=n1", f"out={out}", "quiet=true") == 0
    hand.made = []
    assert launched(*WORDS, "node=n1", f"out={out}", "quiet=true") == 2
    assert "holds a fleet already: run -m resume=" in capsys.readouterr().err
    assert main(["run", "-m", f"resume={out}", "dtype=bf16"]) == 2
    assert "leave out dtype=" in capsys.readouterr().err
    for text in ("", "{}\n", '{"words": 3}\n', '{"words": [1]}\n', "\x00"):
        (out / "fleet.jsonl").write_text(text, encoding="utf-8")
        assert main(["run", "-m", f"resume={out}"]) == 2
    assert hand.made == []


def test_jobs_are_called_by_what_tells_them_apart(tmp_path: Path) -> None:
    made = jobs(
        [["suite=smoke", f"node={node}", f"dtype={dtype}", "out=x"]
         for node in ("n1", "'n 2'") for dtype in ("bf16", "fp16")],
        tmp_path,
    )  # fmt: skip
    assert [job.name for job in made] == [
        "n1,dtype=bf16", "n1,dtype=fp16", "n_2,dtype=bf16", "n_2,dtype=fp16",
    ]  # fmt: skip
    assert made[0].words == ("suite=smoke", "node=n1", "dtype=bf16")
    assert [job.name for job in jobs([["node=n1"], ["node=n1"]], tmp_path)] == ["n1", "n1,1"]
    (above,) = jobs([["node=../../etc"]], tmp_path)
    assert above.folder.parent == tmp_path


def test_nothing_is_lost_where_the_launcher_dies(hand: type[Hand], tmp_path: Path) -> None:
    plan = begun(tmp_path / "fleet", [*WORDS, "node=n1,n2"])
    assert known(str(tmp_path / "fleet")) == plan
    engine = hand({})
    engine.nodes = _dying  # type: ignore[method-assign]
    with pytest.raises(OSError, match="gone"):
        Fleet(engine, plan, nodes.on_node).run(jobs([["node=n1"]], plan.folder))
    assert known(str(tmp_path / "fleet")).words == (*WORDS, "node=n1,n2")


def _dying() -> Mapping[str, str]:
    raise OSError("gone")


def test_without_slurm_or_ray_it_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "ray", None)
    for engine, said in (("slurm", "there is no sbatch here"), ("ray", "onpaper[ray]")):
        assert main(["run", "-m", f"hydra/launcher={engine}", *WORDS, "node=all"]) == 2
        assert said in capsys.readouterr().err
    with pytest.raises(Exception, match="no sbatch"):
        Slurm({})
    with pytest.raises(Exception, match="pip install"):
        Ray({})


@pytest.mark.parametrize(("word", "code"), [("1792", 7), ("0", None), ("15", None), ("?", None)])
def test_a_wait_status_holds_the_exit_code_above_its_signal(word: str, code: int | None) -> None:
    assert _exit_code(word) == code
