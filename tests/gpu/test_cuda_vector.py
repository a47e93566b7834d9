"""Vector rates and the roofline on a CUDA or ROCm device: results and timing, no speeds.

pytest tests/gpu -m gpu -s
"""

from fractions import Fraction

import pytest

from bench.devices.cuda import CudaDevice
from bench.kernels import vector
from bench.kernels.common.base import UnsupportedError
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.records.model import Measurement

VECTOR, ROOFLINE = kernel("vector"), kernel("roofline")
SAMPLED = [
    (dtype, one)
    for dtype in ROOFLINE.dtypes
    for one in ROOFLINE.variants(dtype)[:: 4 if dtype in ("fp32", "fp64") else 3]
]


def told(done: Measurement, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints a rate, for whoever runs it."""
    assert done.timing is not None
    assert done.work is not None
    rate = done.work.flop / done.timing.stats.median_s
    with capsys.disabled():
        print(f"\n{done.label or done.dtype}: {rate / 1e12:.3f} TFLOP/s {done.parameters}")  # noqa: T201 -- read by whoever runs it


def assert_sound(done: Measurement) -> None:
    """Fails unless a measurement is whole, and the timed calls left what they should."""
    assert (done.status, done.reason) == ("ok", None)
    assert done.check is not None
    assert done.check.passed
    assert done.spot_check is not None
    assert done.spot_check.passed
    assert done.timing is not None
    assert done.timing.wall_ratio is not None
    assert 0.5 < done.timing.wall_ratio <= 1.02


@pytest.mark.parametrize("dtype", VECTOR.dtypes)
def test_multiply_adds_are_right_in_every_configuration(device: CudaDevice, dtype: str) -> None:
    if device.lacks(dtype):
        pytest.skip(str(device.lacks(dtype)))
    for point in VECTOR.space(VECTOR.pilot(dtype, "normal"), device.limits()):
        assert device.check(VECTOR, point).passed


@pytest.mark.parametrize("dtype", VECTOR.dtypes)
def test_a_vector_rate_is_measured(
    device: CudaDevice, dtype: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = measure_item(device, Item("vector", dtype), Plan(3.0))
    if done.status == "skipped":
        pytest.skip(str(done.reason))
    assert_sound(done)
    told(done, capsys)


def test_a_call_left_out_is_noticed(device: CudaDevice) -> None:
    (point, *_) = VECTOR.space(VECTOR.pilot("fp32", "normal"), device.limits())
    prepared = device.prepare(VECTOR, point)
    prepared.spoil()
    spot = prepared.spot_check()
    assert spot is not None
    assert not spot.passed


def test_machine_code_of_a_cpu_is_refused(device: CudaDevice) -> None:
    point = vector._point("fp32", "normal", "avx2", (2, 12, 8, 64))
    with pytest.raises(UnsupportedError, match="host memory only"):
        device.check(VECTOR, point)


@pytest.mark.parametrize(("dtype", "intensity"), SAMPLED)
def test_a_rate_of_the_roofline_is_measured(
    device: CudaDevice, dtype: str, intensity: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = measure_item(device, Item("roofline", dtype, variant=intensity), Plan(1.5))
    if done.status == "skipped":
        pytest.skip(str(done.reason))
    assert_sound(done)
    assert done.work is not None
    assert done.work.flop / done.work.bytes == pytest.approx(float(Fraction(intensity)), rel=0.05)
    told(done, capsys)
