"""On a CUDA or ROCm device: loads kept up are right, are watched, and are explained.

pytest tests/gpu -m gpu -s
"""

import pytest

from bench.chips.load import Catalogue
from bench.chips.match import identify
from bench.devices.cuda import CudaDevice
from bench.judging import energy
from bench.judging.gap import gaps
from bench.judging.verdict import weigh
from bench.kernels.registry import kernel
from bench.kernels.sustained import LOADS
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("dtype", kernel("sustained").dtypes)
def test_every_load_is_right(device: CudaDevice, load: str, dtype: str) -> None:
    assert device.check(
        kernel("sustained"), kernel("sustained").pilot(dtype, "normal", load)
    ).passed


@pytest.mark.parametrize("load", LOADS)
def test_a_load_is_sampled_to_its_end_and_read_all_the_while(device: CudaDevice, load: str) -> None:
    done = measure_item(device, Item("sustained", "bf16", variant=load), Plan(6.0))
    assert (done.status, done.reason) == ("ok", None)
    assert done.spot_check is not None
    assert done.spot_check.passed
    assert done.timing is not None
    assert done.timing.at_s[-1] > 5.0
    power = energy.power(done)
    assert power.mean_w is not None or power.reason == "not reported"
    assert energy.settled(done.timing).median_s > 0


def test_the_terms_of_a_product_make_its_achieved_fraction(
    device: CudaDevice, sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    fixed: dict[str, int | str] = {"m": 8192, "n": 8192, "k": 8192}
    done = measure_item(device, Item("gemm", "bf16", fixed=fixed), Plan(3.0))
    told = device.info()
    chip = sheets.chips.get(identify(told, sheets).chip or "")
    found = list(gaps([weigh(done, told, chip, sheets)], told, chip, sheets))
    for one in found:
        terms = [term.share for term in (one.clock, one.waves) if term]
        product = one.rest
        for term in terms:
            product *= term
        assert product == pytest.approx(one.achieved, rel=1e-9)
        with capsys.disabled():
            print(f"\n{one.line}")  # noqa: T201 -- read by whoever runs it
