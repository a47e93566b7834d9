"""Words of a fleet: what is refused before anything is started, and what jobs are called."""

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.commands.running import nodes
from bench.launch import plugin
from bench.launch.jobs import jobs
from bench.launch.plan import begin, load, locked
from bench.launch.ray import Ray
from bench.launch.slurm import Slurm, _exit_code
from bench.launch.watch import Fleet
from tests.fleet.launch_hand import WORDS, Hand, launched, own_hand


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> type[Hand]:
    """The engine, under the name of Slurm."""
    made = own_hand()
    monkeypatch.setitem(plugin.ENGINES, "slurm", made)
    return made


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
        (("hydra.launcher=slurm", "node=n1"), "hydra/launcher=slurm, with a slash"),
        (("hydra/launcher=slurn", "node=n1"), "no launcher 'slurn' is installed: did"),
        (("hydra/launcher=slurm", "node=n1", "out=a,b"), "out=a,b: a fleet has one folder"),
        (("hydra/launcher=slurm", *WORDS, "node=n1", "runs=2"), "runs= is for one machine"),
    ],
    ids=[
        "none",
        "unknown",
        "value",
        "key",
        "pace",
        "no launcher",
        "resume",
        "dot",
        "launcher",
        "folders",
        "runs",
    ],
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


def test_a_launcher_without_m_does_not_measure_this_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "hydra/launcher=slurm", *WORDS, f"out={tmp_path}"]) == 2
    assert "hydra/launcher=slurm goes with -m only" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_fleet_is_not_begun_twice_nor_resumed_with_other_words(
    hand: type[Hand],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "fleet"
    monkeypatch.setattr(nodes, "on_node", lambda _: (2, "no such device"))
    assert launched(*WORDS, "node=n1", f"out={out}", "quiet=true") == 1
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
    plan = begin(tmp_path / "fleet", [*WORDS, "node=n1,n2"])
    assert load(str(tmp_path / "fleet")) == plan
    engine = hand({})
    engine.nodes = _dying  # type: ignore[method-assign]
    with pytest.raises(OSError, match="gone"):
        Fleet(engine, plan, nodes.on_node).run(jobs([["node=n1"]], plan.folder))
    assert load(str(tmp_path / "fleet")).words == (*WORDS, "node=n1,n2")


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


def test_a_time_limit_ends_a_run_as_ctrl_c_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def limited(_words: list[str]) -> int:
        signal.raise_signal(signal.SIGUSR2)
        return 0

    before = signal.getsignal(signal.SIGUSR2)
    monkeypatch.setattr("bench.commands.run.main", limited)
    try:
        assert nodes.on_node(()) == (130, "ended before anything was measured")
    finally:
        signal.signal(signal.SIGUSR2, before)


def test_a_fleet_under_way_is_left_to_its_launcher(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = begin(tmp_path / "fleet", ["hydra/launcher=slurm", "node=n1"])
    with locked(plan):
        assert main(["run", "-m", f"resume={plan.folder}"]) == 2
    assert "is a fleet under way" in capsys.readouterr().err
    with locked(plan):
        pass
