"""Collectives across nodes: one torchrun a node, which find each other at one address."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bench import paths

SUITE = "suite.items=[{kernel: collective, variants: [all_reduce-64B]}]"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def a_free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.mark.slow
def test_two_torchruns_make_one_run_and_the_first_rank_writes_its_record(tmp_path: Path) -> None:
    meeting = (
        "--nnodes=2", "--nproc-per-node=1", "--rdzv-backend=c10d",
        f"--rdzv-endpoint=127.0.0.1:{a_free_port()}",
    )  # fmt: skip
    nodes = [
        subprocess.Popen(
            [sys.executable, "-m", "torch.distributed.run", *meeting, "-m", "bench", "run", SUITE,
             "device=cpu", "seconds=0.5", "report=csv", f"node=n{number}",
             f"out={tmp_path / str(number)}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
            cwd=paths.PACKAGE.parent,
        )
        for number in range(2)
    ]  # fmt: skip
    try:
        told = [node.communicate(timeout=120) for node in nodes]
    finally:
        for node in nodes:
            node.kill()
    assert [node.returncode for node in nodes] == [0, 0], told
    (path,) = tmp_path.glob("*/*/*.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    assert (record["state"], record["settings"]["ranks"]) == ("complete", 2)
    assert record["machine"]["node"] == f"n{path.relative_to(tmp_path).parts[0]}"
    (one,) = record["measurements"]
    assert (one["status"], one["observed"]["ranks"]) == ("ok", 2.0)
    assert sum("all-reduce of 64 B over 2 ranks" in output for output, _ in told) == 1
