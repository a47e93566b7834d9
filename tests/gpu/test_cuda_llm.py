"""Kernels of language models on a CUDA or ROCm device: results and timing, no speeds.

pytest tests/gpu -m gpu -s
"""

import pytest

from bench.devices.cuda import CudaDevice
from bench.kernels.common.base import UnsupportedError
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan

NAMES = ("attention", "experts", "layer", "norm")
ALL = [(name, variant) for name in NAMES for variant in kernel(name).variants("bf16")]


@pytest.mark.parametrize("dtype", ["bf16", "fp16", "fp32"])
@pytest.mark.parametrize(("name", "variant"), ALL)
def test_every_way_is_right_or_unsupported_with_a_reason(
    device: CudaDevice, name: str, variant: str, dtype: str
) -> None:
    """At the size of the check; that some way of each runs is for the measurement to show."""
    found = kernel(name)
    try:
        ways = found.space(found.pilot(dtype, "normal", variant), device.limits())
    except UnsupportedError as error:
        pytest.skip(str(error))
    for point in ways:
        try:
            check = device.check(found, point)
        except (UnsupportedError, RuntimeError) as error:
            assert str(error).strip(), point  # noqa: PT017 -- a way that this torch lacks
            continue
        assert check.passed, point


@pytest.mark.parametrize(("name", "variant"), ALL)
def test_it_is_measured_in_its_best_way(
    device: CudaDevice, name: str, variant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = measure_item(device, Item(name, "bf16", variant=variant), Plan(3.0))
    if done.status == "skipped" and "GiB" in str(done.reason):
        pytest.skip(str(done.reason))
    assert (done.status, done.reason) == ("ok", None)
    assert done.spot_check is not None
    assert done.spot_check.passed
    assert done.timing is not None
    assert done.timing.wall_ratio is not None
    assert 0.5 < done.timing.wall_ratio <= 1.02
    assert done.search is None or done.search.trials
    with capsys.disabled():
        told = f"{done.parameters.get('way')} {done.observed}"
        print(f"\n{done.label}: {done.timing.stats.median_s * 1e3:.3f} ms, {told}")  # noqa: T201 -- read by whoever runs it
