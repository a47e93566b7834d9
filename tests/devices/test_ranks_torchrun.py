"""Two ranks under torchrun, for real: one record, one table, and an end whatever happens."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.records.model import Measurement

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
LAUNCH = (sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2")
SUITE = (
    "suite.items=[{kernel: collective, variants: "
    "[all_reduce-64B, all_gather-512B, reduce_scatter-4KiB, all_to_all-32KiB]}]"
)


@contextmanager
def launched(*words: str, out: Path) -> "Iterator[subprocess.Popen[str]]":
    """A run under torchrun, for real; torchrun ends its ranks when it is ended."""
    process = subprocess.Popen(
        [*LAUNCH, *words, "device=cpu", "report=csv", f"out={out}"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
        cwd=paths.PACKAGE.parent,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.terminate()


def records(folder: Path) -> list[dict[str, Any]]:
    """The records in a folder."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*/*.json"))]


@pytest.mark.slow
def test_two_ranks_under_torchrun_write_one_record_and_print_one_table(tmp_path: Path) -> None:
    with launched("-m", "bench", "run", SUITE, "seconds=1", out=tmp_path) as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    (record,) = records(tmp_path)
    assert (record["state"], record["settings"]["ranks"]) == ("complete", 2)
    assert output.count("all-to-all of 32 KiB over 2 ranks") == 1
    assert errors.count("record: ") == 1
    assert "Warning" not in errors
    assert len(record["measurements"]) == 4
    for one in record["measurements"]:
        assert "nodes" not in one["parameters"]
        done = Measurement.model_validate(one)
        assert (done.status, done.quantity) == ("ok", "byte_rate")
        assert done.check is not None
        assert done.check.passed
        assert done.spot_check is not None
        assert done.spot_check.passed
        assert done.work is not None
        message = done.parameters["message_bytes"]
        factor = 2 * 1 / 2 if done.parameters["operation"] == "all_reduce" else 1 / 2
        assert done.work.bytes == factor * float(message)
        assert done.observed == {"ranks": 2.0, "bus_factor": factor, "backend": "gloo"}


IMPATIENT = """
import os, pathlib, sys
from bench.kernels.common import ranks
from bench.__main__ import main
ranks.PATIENCE_S = 2.0
pathlib.Path(sys.argv[1], os.environ["RANK"]).write_text(str(os.getpid()))
if __name__ == "__main__":
    sys.exit(main(sys.argv[2:]))
"""


def wait_for(found: Callable[[], bool], seconds: float = 60.0) -> None:
    """Returns when something is so."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.1)


ONLY = ("suite=links", "kernel=collective", "seconds=60")
APART = "{kernel: peer, variants: [local], weight: 20}"
FIRST, LAST = (
    "{kernel: collective, variants: [all_reduce-" + size + "]}" for size in ("8B", "64B")
)
BETWEEN = (f"suite.items=[{FIRST}, {APART}, {LAST}]", "seconds=10")
"""While the first rank measures alone, the other waits for an order; then comes one."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "sent", "reason"),
    [
        (ONLY, signal.SIGKILL, "another rank is gone"),
        (ONLY, signal.SIGSTOP, "another rank gave no answer"),
        (BETWEEN, signal.SIGSTOP, "another rank gave no answer"),
    ],
    ids=["dies", "hangs", "hangs between orders"],
)
def test_a_rank_that_dies_or_hangs_ends_the_run_with_a_record(
    words: tuple[str, ...], sent: signal.Signals, reason: str, tmp_path: Path
) -> None:
    script, folder = tmp_path / "impatient.py", tmp_path / "out"
    script.write_text(IMPATIENT)
    with launched(str(script), str(tmp_path), "run", *words, out=folder) as process:
        wait_for(lambda: any(len(one["measurements"]) > 0 for one in records(folder)))
        second = int((tmp_path / "1").read_text())
        os.kill(second, sent)
        wait_for(lambda: records(folder)[0]["state"] != "running")
        if sent is signal.SIGSTOP:
            os.kill(second, signal.SIGCONT)
        process.communicate(timeout=60)
    assert process.returncode != 0
    (record,) = records(folder)
    ended = {one["status"] for one in record["measurements"]}
    reasons = " ".join(str(one["reason"]) for one in record["measurements"])
    assert record["state"] == "interrupted" or re.search(reason, reasons)
    assert "ok" in ended
