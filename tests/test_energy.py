"""What a load kept up says: settled rate, power, energy, and how inputs change a rate."""

import math
import time
from pathlib import Path

import pytest

from bench import energy
from bench.chips.load import Catalogue
from bench.devices.base import Elapsed, Prepared
from bench.devices.fake import FakeDevice, FakeSpec
from bench.energy import PARTS, Settled, Slice, energy_j, power, settled, slices
from bench.measure import conditions
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.measure.runner import Watcher, run
from bench.measure.session import LocalSession
from bench.measure.stats import describe
from bench.records.model import Conditions, Measurement, Record, Stopped, Timing, Work
from bench.report.energy import OVER_TIME, TITLE, energy_sections
from bench.report.inputs import _sentence, families, folded, input_sections, ratio
from bench.report.registry import render
from bench.verdict import Interval, rows
from tests.conftest import order

FAST_S, SLOW_S = 0.8e-3, 1e-3


def timed(samples_s: list[float], start_s: float = 1.0, step_s: float = 0.1) -> Timing:
    """Samples a tenth of a second apart, after a second of warm-up."""
    return Timing(
        batch_calls=100,
        samples_s=tuple(samples_s),
        at_s=tuple(start_s + step_s * number for number in range(len(samples_s))),
        warmup_s=start_s,
        stats=describe(samples_s, 100),
        stopped=Stopped(reason="budget", precision=0.01, wanted=0.01),
    )


def kept_up(
    samples_s: list[float],
    load: str = "matrix",
    work: tuple[float, float] = (1e11, 1e8),
    seen: dict[str, object] | None = None,
) -> Measurement:
    """A load of the kernel, with what was read beside it."""
    return Measurement(
        kernel="sustained", dtype="bf16", data="normal", status="ok",
        figures=("matrix_bf16",) if load == "matrix" else (),
        quantity="" if load == "matrix" else "flop_rate",
        parameters={"load": load, "m": 8192, "n": 8192, "k": 8192},
        work=Work(flop=work[0], bytes=work[1], footprint_bytes=work[1], formula="-"),
        timing=timed(samples_s), conditions=Conditions.model_validate(seen or {}),
    )  # fmt: skip


def powered(watts: list[float], step_s: float = 0.1, **more: object) -> dict[str, object]:
    """Readings from the start of the load on, none of them just when a sample begins."""
    at_s = [step_s * (number + 0.5) for number in range(len(watts))]
    return {"at_s": at_s, "power_w": watts, "power_valid": True, **more}


THROTTLED = [FAST_S] * 60 + [SLOW_S] * 140


def test_the_settled_time_is_that_of_the_last_half() -> None:
    found = settled(timed(THROTTLED))
    assert (found.median_s, found.low_s, found.high_s) == (SLOW_S, SLOW_S, SLOW_S)
    assert timed(THROTTLED).stats.burst_s == pytest.approx(FAST_S)
    assert settled(timed([FAST_S] * 100 + [SLOW_S] * 100)).low_s == SLOW_S


def test_the_time_until_it_settled_is_when_it_throttled() -> None:
    found = settled(timed(THROTTLED))
    assert found.after_s is not None
    assert found.after_s == pytest.approx(1.0 + 0.1 * 60, abs=0.1 * energy.LEAST_WINDOW)


def test_a_steady_load_was_settled_when_sampling_began() -> None:
    assert settled(timed([SLOW_S] * 20)) == Settled(SLOW_S, SLOW_S, SLOW_S, 1.0)


def test_a_load_that_still_changes_late_has_not_settled() -> None:
    late = [FAST_S] * 150 + [SLOW_S] * 50
    assert settled(timed(late)).after_s is None


def test_single_outliers_do_not_unsettle() -> None:
    spiky = [SLOW_S * (3.0 if number % 9 == 4 else 1.0) for number in range(90)]
    assert settled(timed(spiky)).after_s == 1.0


def test_the_bounds_are_the_extremes_of_the_parts() -> None:
    steps = [SLOW_S * (1 + number // 10 / 100) for number in range(60)]
    found = settled(timed([SLOW_S] * 60 + steps))
    assert found.low_s == pytest.approx(SLOW_S)
    assert found.high_s == pytest.approx(SLOW_S * 1.05)
    assert found.low_s < found.median_s < found.high_s


@pytest.mark.parametrize("count", [1, 2, 5, 6, 7, 13])
def test_short_series_have_bounds_too(count: int) -> None:
    found = settled(timed([SLOW_S + number * 1e-6 for number in range(count)]))
    assert found.low_s <= found.median_s <= found.high_s
    assert len(energy._parts(tuple(range(count)))) == min(PARTS, count)


def test_power_is_the_mean_of_the_readings_taken_while_samples_were() -> None:
    """Readings of the first second, and of what came after, are not of the load's samples."""
    watts = [50.0] * 10 + [300.0, 320.0] * 10 + [60.0] * 5
    found = power(kept_up([SLOW_S] * 20, seen=powered(watts)))
    assert found.mean_w == pytest.approx(310.0)
    assert (found.samples, found.reason) == (20, "")


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (powered([300.0] * 200) | {"power_valid": False}, "invalid: 20 power samples"),
        (powered([300.0] * 29), "invalid: 19 power samples"),
        (powered([300.0] * 2, 9.0), "invalid: 2 power samples"),
        ({"at_s": (0.0, 9.0), "clock_hz": (1e9, 1e9)}, "not told"),
    ],
)
def test_power_read_too_seldom_is_no_figure(seen: dict[str, object], reason: str) -> None:
    one = kept_up([SLOW_S] * 20, seen=seen)
    assert (power(one).mean_w, power(one).reason) == (None, reason)
    assert energy_j(one) is None


def test_energy_is_power_times_time() -> None:
    one = kept_up([FAST_S] * 50 + [SLOW_S] * 50, seen=powered([400.0] * 120))
    assert energy_j(one) == pytest.approx(400.0 * 0.9e-3)


def test_two_loads_tell_the_energy_of_an_operation_from_that_of_a_byte() -> None:
    """2 pJ an operation and 50 pJ a byte: 0.205 J and 0.7 J a call."""
    e_flop, e_byte = 2e-12, 50e-12
    loads = []
    for load, flop, moved in (("matrix", 1e11, 1e8), ("mixed", 1e11, 1e10)):
        watts = (e_flop * flop + e_byte * moved) / SLOW_S
        loads.append(kept_up([SLOW_S] * 100, load, (flop, moved), powered([watts] * 120)))
    assert energy.per_operation_and_byte(*loads) == pytest.approx((e_flop, e_byte))
    assert energy.per_operation_and_byte(loads[0], loads[0]) is None
    dark = loads[1].model_copy(update={"conditions": Conditions()})
    assert energy.per_operation_and_byte(loads[0], dark) is None


def test_loads_that_only_a_negative_energy_explains_tell_nothing() -> None:
    hungry = kept_up([SLOW_S] * 100, "matrix", (1e11, 1e8), powered([700.0] * 120))
    frugal = kept_up([SLOW_S] * 100, "mixed", (1e11, 1e10), powered([300.0] * 120))
    assert energy.per_operation_and_byte(hungry, frugal) is None


def test_slices_show_the_load_over_time() -> None:
    """The clock falls with the rate; readings stop half-way."""
    clocks = [2e9] * 70 + [1.6e9] * 50
    seen: dict[str, object] = {
        "at_s": [0.1 * number for number in range(120)],
        "clock_hz": clocks,
        "temperature_c": [50.0] * 120,
    }
    one = kept_up(THROTTLED, seen=seen)
    first, second, third, last = slices(one, 4)
    assert (first.call_s, first.clock_hz, first.power_w) == (FAST_S, 2e9, None)
    assert (second.call_s, second.clock_hz, second.temperature_c) == (SLOW_S, 1.6e9, 50.0)
    assert third.call_s == SLOW_S
    assert last == Slice(last.start_s, last.end_s, SLOW_S, None, None, None)
    assert first.start_s == 1.0
    assert last.end_s == pytest.approx(20.9)
    assert slices(one.model_copy(update={"timing": None}), 4) == []


@pytest.fixture
def loads(record: Record) -> Record:
    """A record of both loads on a device beside the H20."""
    both = (
        kept_up(THROTTLED, "matrix", (1e11, 1e8), powered([350.0] * 220)),
        kept_up([SLOW_S] * 100, "mixed", (1e11, 1e10), powered([400.0] * 220)),
    )
    return record.model_copy(update={"measurements": both})


def test_the_table_tells_burst_settled_power_and_energy(loads: Record, sheets: Catalogue) -> None:
    main, over_time = energy_sections(loads, rows(loads, sheets), sheets)
    assert (main.title, over_time.title) == (TITLE, OVER_TIME)
    matrix, mixed = (dict(zip(main.columns, cells, strict=True)) for cells in main.cells)
    assert matrix["load"] == "bf16 matrix, 21 s"
    assert matrix["settled rate (97%)"].startswith("100.0 TFLOP/s")
    assert matrix["burst"] == "125.0 TFLOP/s"
    assert matrix["settled / burst"] == "80.0%"
    assert matrix["power beside TDP"] == "350 W of 400 W (88%)"
    assert matrix["energy"] == "3.29 pJ/FLOP"  # 350 W x 0.94 ms / 1e11
    assert mixed["bytes a second"] == "10.0 TB/s"
    assert "pJ/B" in mixed["energy"]
    assert [one["settled_s"] for one in main.flat] == [SLOW_S, SLOW_S]
    assert len(over_time.cells) == 16


def test_a_record_without_such_a_load_has_no_such_table(record: Record, sheets: Catalogue) -> None:
    assert list(energy_sections(record, rows(record, sheets), sheets)) == []


def test_the_tables_are_set_in_a_report(loads: Record, sheets: Catalogue) -> None:
    text = render(loads, sheets, "github")
    assert f"**{TITLE}**" in text
    assert f"**{OVER_TIME}**" in text


def test_a_load_on_a_device_that_is_watched_has_a_valid_power(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The fake's clock leaps with its work, which here leaves a thread the time to read it."""
    monkeypatch.setattr(conditions, "INTERVAL_S", 0.0001)
    monkeypatch.setattr(conditions, "MAX_GAP_S", math.inf)

    class Live(FakeDevice):
        live = True

        def time(self, prepared: Prepared, calls: int) -> Elapsed:
            time.sleep(0.005)
            return super().time(prepared, calls)

    done = measure_item(Live(FakeSpec(power_w=333.0)), Item("sustained", "bf16"), Plan(8.0))
    assert done.conditions.power_valid
    assert power(done).mean_w == pytest.approx(333.0)


INPUTS = ("normal", "uniform", "integers", "constant", "zeros")
FIXED: dict[str, int | str] = {"m": 8192, "n": 8192, "k": 8192}


@pytest.fixture
def family(tmp_path: Path, sheets: Catalogue) -> Record:
    """One product on five kinds of data, two of which flatter, and another product."""
    spec = FakeSpec(flattered={"zeros": 1.05, "constant": 1.03, "integers": 0.99}, noise_level=1e-3)
    items = [Item("gemm", "bf16", data, fixed=FIXED) for data in INPUTS]
    more = (*items, Item("gemm", "fp16", "normal", fixed=FIXED), Item("gemm", "bf16"))
    device = LocalSession(FakeDevice(spec))
    return run(device, order(tmp_path, *more, seconds=10.0), sheets, Watcher())


def test_one_row_tells_what_the_inputs_do(family: Record, sheets: Catalogue) -> None:
    (shown,) = input_sections(family, rows(family, sheets), sheets)
    (cells,) = shown.cells
    told = dict(zip(shown.columns, cells, strict=True))
    assert told["product"] == "bf16 gemm, 8192 x 8192 x 8192 nt"
    assert told["a flattering input"].startswith("Zeros inflate this chip by 5.")
    (flat,) = shown.flat
    for data, factor in (("zeros", 1.05), ("constant", 1.03), ("integers", 0.99), ("uniform", 1.0)):
        value = flat[f"{data}_over_normal"]
        low, high = flat[f"{data}_over_normal_low"], flat[f"{data}_over_normal_high"]
        assert isinstance(value, float)
        assert isinstance(low, float)
        assert isinstance(high, float)
        assert value == pytest.approx(factor, rel=2e-3)
        assert low < value < high


def test_the_first_table_keeps_the_row_on_normal_data(family: Record, sheets: Catalogue) -> None:
    judged = rows(family, sheets)
    kept = folded(judged)
    assert len(judged) == 7
    assert [row.measurement.data for row in kept] == ["normal"] * 3
    assert kept[0] is judged[0]


def test_no_gain_is_no_inflation(record: Record, sheets: Catalogue) -> None:
    one = record.measurements[1].model_copy(update={"search": None})
    pair = record.model_copy(
        update={"measurements": (one, one.model_copy(update={"data": "zeros"}))}
    )
    (shown,) = input_sections(pair, rows(pair, sheets), sheets)
    assert shown.cells[0][-1] == "none of them makes this chip faster than normal data does"
    assert shown.cells[0][2:5] == ("–", "–", "–")


def test_a_gain_within_the_intervals_is_no_inflation() -> None:
    """One percent more, give or take two."""
    unsure = {"zeros": Interval(1.01, 0.99, 1.03), "uniform": Interval(1.0, 0.98, 1.02)}
    assert _sentence(unsure).startswith("none of them")
    sure = {**unsure, "zeros": Interval(1.01, 1.002, 1.018)}
    assert _sentence(sure) == "Zeros inflate this chip by 1.0% (0.2–1.8)"


def test_searched_and_lone_products_are_no_family(record: Record, sheets: Catalogue) -> None:
    searched = record.measurements[1]
    assert searched.search is not None
    zeros = searched.model_copy(update={"data": "zeros"})
    for measurements in ((searched, zeros), (searched,)):
        here = record.model_copy(update={"measurements": measurements})
        assert families(rows(here, sheets)) == []


def test_the_intervals_of_two_rates_add_as_independent_ones(
    family: Record, sheets: Catalogue
) -> None:
    plain, other = rows(family, sheets)[0], rows(family, sheets)[4]
    found = ratio(other, plain)
    assert found is not None
    assert plain.measured is not None
    assert other.measured is not None
    widest = other.measured.high / plain.measured.low
    assert found.value < found.high <= widest
    assert found.high >= max(
        other.measured.high / plain.measured.value, other.measured.value / plain.measured.low
    )
