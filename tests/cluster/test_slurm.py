"""A fleet on a real Slurm: a node that fails, a job that is ended in the middle, a node down."""

import json
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.__main__ import main
from bench.records.store import read
from tests.fleet.launch_hand import ended

if TYPE_CHECKING:
    from tests.cluster.conftest import Cluster

WORDS = ("hydra/launcher=slurm", "hydra.launcher.poll_s=0.3", "quiet=true")
LOAD = ("device=cpu", "kernel=memory", "dtype=fp32", "elements=1000000", "seconds=4")
FAILS = "hydra.launcher.setup=['test $SLURMD_NODENAME != n2 || exit 7']"


def cancel_once_measured(folder: Path) -> None:
    """Ends all jobs once a record in a folder holds a measurement."""
    until_s = time.monotonic() + 120
    while time.monotonic() < until_s:
        if any(read(path).measurements for path in folder.rglob("2*/*.json")):
            words = ("scancel", "--user=root", "--state=RUNNING")
            subprocess.run(words, check=True, timeout=60)
            return
        time.sleep(0.1)


def test_what_went_wrong_on_slurm_is_told_and_completed(
    slurm: "Cluster", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "fleet"
    ending = threading.Thread(target=cancel_once_measured, args=(out / "n1",))
    ending.start()
    assert main(["run", "-m", *WORDS, *LOAD, FAILS, "node=n[1-2],n3", f"out={out}"]) == 1
    ending.join()
    first = ended(out)
    assert {name: one["state"] for name, one in first.items()} == {
        "n1": "interrupted", "n2": "failed", "n3": "down",
    }  # fmt: skip
    assert (first["n2"]["exit_code"], first["n1"]["exit_code"]) == (7, 130)
    assert first["n3"]["reason"].startswith("Slurm calls the node ")
    assert slurm.down == "n3"
    begun = out / first["n1"]["record"]
    assert read(begun).state == "interrupted"
    assert 0 < len(read(begun).measurements) < 6
    assert (out / first["n1"]["log"]).is_file()
    capsys.readouterr()

    assert main(["run", "-m", f"resume={out}", "hydra.launcher.setup=null", "report=json"]) == 1
    told = json.loads(capsys.readouterr().out)
    second = {row["job"]: row for row in told["rows"]}
    assert {name: one["state"] for name, one in second.items()} == {
        "n1": "complete", "n2": "complete", "n3": "down",
    }  # fmt: skip
    assert out / second["n1"]["record"] == begun
    for name in slurm.up:
        (path,) = out.glob(f"{name}/2*/*.json")
        record = read(path)
        assert (record.state, record.machine.node, len(record.measurements)) == (
            "complete", name, 6,
        )  # fmt: skip


@pytest.mark.usefixtures("slurm")
def test_what_slurm_does_not_know_is_refused_before_anything_is_handed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*WORDS, "device=fake", f"out={tmp_path / 'fleet'}"]
    for wrong, said in (
        ("node=n[1-9]", "no node 'n4'"),
        ("node=n[", "no node 'n]'"),
        ("hydra.launcher.partition=nonesuch", "node=all: there are no nodes"),
        ("+hydra.launcher.nonesuch=1", "Unavailable parameter(s): ['nonesuch']"),
    ):
        more = [] if wrong.startswith("node") else ["node=all"]
        assert main(["run", "-m", *words, wrong, *more]) == 2
        assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
