"""On a CUDA or ROCm device: copies arrive, and the two clocks agree; nothing asserts a speed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bench import paths
from bench.devices.cuda import CudaDevice
from bench.kernels import host_link, peer
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.records.model import Measurement

COPIES = [("host_link", way) for way in host_link.LABELS] + [("peer", way) for way in peer.LABELS]


@pytest.mark.parametrize(("name", "way"), COPIES)
def test_a_copy_arrives_and_is_timed_by_clocks_that_agree(
    device: CudaDevice, name: str, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = measure_item(device, Item(name, "fp32", variant=way), Plan(1.0))
    if way.startswith("peer") and torch.cuda.device_count() == 1:
        assert (done.status, done.reason) == ("skipped", "there is one device only")
        return
    assert (done.status, done.reason) == ("ok", None)
    assert done.spot_check is not None
    assert done.spot_check.passed
    assert done.timing is not None
    assert done.timing.wall_ratio is not None
    assert 0.5 < done.timing.wall_ratio <= 1.02
    assert done.work is not None
    with capsys.disabled():
        rate = done.work.bytes / done.timing.stats.median_s
        print(f"\n{name} {way} {rate / 1e9:.1f} GB/s")  # noqa: T201 -- read by whoever runs it


@pytest.mark.slow
def test_collectives_run_over_all_devices(tmp_path: Path) -> None:
    count = torch.cuda.device_count()
    if count < 2:
        pytest.skip("one device only")
    words = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={count}"]
    subprocess.run(
        [*words, "-m", "bench", "run", "suite=links", "seconds=20", f"out={tmp_path}"],
        check=True, timeout=300, cwd=paths.PACKAGE.parent,
    )  # fmt: skip
    (path,) = tmp_path.glob("*/*.json")
    told = json.loads(path.read_text())["measurements"]
    found = [Measurement.model_validate(one) for one in told if one["kernel"] == "collective"]
    assert {one.status for one in found} == {"ok"}
    assert all(one.spot_check and one.spot_check.passed for one in found)
    assert {one.observed["backend"] for one in found} == {"nccl"}
