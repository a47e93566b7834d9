"""On CUDA or ROCm devices: all of the machine, by the command, and the conformance of the first.

pytest tests/gpu -m gpu -s
"""

from pathlib import Path

import pytest
import torch

from bench.__main__ import main
from bench.devices.cuda import CudaDevice
from bench.devices.nvml import Nvml
from bench.records.store import read


def test_all_devices_are_measured_alone_and_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one device, alone."""
    words = ["suite=smoke", "seconds=4", "device=all", f"out={tmp_path}", "quiet=true"]
    assert main(words) == 0
    count = torch.cuda.device_count()
    told = capsys.readouterr().out
    assert ("one device, alone" if count == 1 else f"{count} devices, each alone") in told
    found = [read(path) for path in tmp_path.rglob("*.json")]
    assert len(found) == (1 if count == 1 else 2 * count)
    assert {one.state for one in found} == {"complete"}
    assert {one.device.index for one in found} == set(range(count))
    for one in found:
        assert {done.status for done in one.measurements} <= {"ok", "skipped"}
        assert one.settings["together"] in (1, count)


def test_a_cuda_device_conforms(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "device=cuda", "conformance=true"])
    told = capsys.readouterr().out
    assert code == 0, told


def test_clocks_and_power_are_those_of_the_device_that_torch_means() -> None:
    """NVML numbers devices by their addresses, and heeds no mask."""
    for index in range(torch.cuda.device_count()):
        told = CudaDevice(index)._telemetry
        if not isinstance(told, Nvml) or told.missing:
            pytest.skip(told.missing or "not NVML's")
        uuid = str(torch.cuda.get_device_properties(index).uuid)
        assert told._ask("nvmlDeviceGetUUID") == f"GPU-{uuid}"
    torch.cuda.set_device(0)
