"""What a load kept up says: settled rate, power, energy."""

import math
import time

import pytest

from bench.chips.load import Catalogue
from bench.devices.base import Elapsed, Prepared
from bench.devices.fake import FakeDevice, FakeSpec
from bench.judging import energy
from bench.judging.energy import PARTS, Power, Settled, Slice, energy_j, power, settled, slices
from bench.judging.verdict import rows
from bench.measure import conditions
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.measure.stats import describe
from bench.records.model import Conditions, Measurement, Record, Stopped, Timing, Work
from bench.report.record.energy import CPU_CLOCK, OVER_TIME, SEPARATELY, TITLE, energy_sections
from bench.report.registry import render

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


@pytest.mark.parametrize("fast", [60, 61])
def test_the_time_until_it_settled_is_when_it_throttled(fast: int) -> None:
    """The last window of five that is fast in its middle starts three before the fall."""
    found = settled(timed([FAST_S] * fast + [SLOW_S] * (200 - fast)))
    assert found.after_s == pytest.approx(1.0 + 0.1 * (fast - 2))


@pytest.mark.parametrize(("fast", "after_s"), [(51, 1.0 + 0.1 * 49), (52, None)])
def test_a_load_must_settle_in_the_first_half(fast: int, after_s: float | None) -> None:
    found = settled(timed([FAST_S] * fast + [SLOW_S] * (100 - fast)))
    assert found.after_s == (None if after_s is None else pytest.approx(after_s))
    assert found.words == ("not settled" if after_s is None else f"settled after {after_s:.1f} s")


def test_six_parts_are_97_percent() -> None:
    """The median lies outside the extremes of six independent medians once in 32 times."""
    level = 1 - 2 / 2**PARTS
    assert level == pytest.approx(0.97, abs=0.002)


def test_a_steady_load_was_settled_when_sampling_began() -> None:
    found = settled(timed([SLOW_S] * 20))
    assert found == Settled(SLOW_S, SLOW_S, SLOW_S, 1.0, at_start=True)
    assert found.words == "settled before 1.0 s"


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
        (powered([300.0] * 200) | {"power_valid": False}, "invalid: 20 power samples, with a gap"),
        (powered([300.0] * 29), "invalid: 19 power samples"),
        (powered([300.0] * 2, 9.0), "invalid: 2 power samples"),
        ({"at_s": (0.0, 9.0), "clock_hz": (1e9, 1e9)}, "not reported"),
    ],
)
def test_power_read_too_seldom_is_no_figure(seen: dict[str, object], reason: str) -> None:
    one = kept_up([SLOW_S] * 20, seen=seen)
    samples = 0 if reason == "not reported" else int(reason.split()[1])
    assert power(one) == Power(None, samples, reason)
    assert energy_j(one) is None


@pytest.mark.parametrize(
    ("name", "limit", "reason"),
    [
        ("NVIDIA H200 MIG 3g.71gb", "ECC on", "of the whole board: MIG"),
        ("NVIDIA H200", "MIG on", "of the whole board: MIG on"),
        (
            "AMD Instinct MI300X",
            "compute partition CPX",
            "of the whole board: compute partition CPX",
        ),
        ("NVIDIA H200", "shared with another process", "of the whole board: shared with another"),
        (
            "NVIDIA H200",
            "MPS gives this process 50% of the threads",
            "of the whole board: MPS gives",
        ),
    ],
)
def test_power_of_others_work_gives_no_energy(
    name: str, limit: str, reason: str, record: Record, sheets: Catalogue
) -> None:
    one = kept_up([SLOW_S] * 20, seen=powered([300.0] * 40))
    told = record.device.model_copy(update={"name": name, "limits": (limit,)})
    made = record.model_copy(update={"measurements": (one,), "device": told})
    table, _ = energy_sections(made, rows(made, sheets), sheets)
    assert table.cells[0][table.columns.index("power beside TDP")].startswith(reason)
    assert table.cells[0][table.columns.index("energy")] == "–"
    assert (table.flat[0]["power_w"], table.flat[0]["joule_per_flop"]) == (None, None)


def test_readings_beside_no_samples_are_all_there_are() -> None:
    one = kept_up([SLOW_S] * 20, seen=powered([300.0] * 40))
    bare = one.model_copy(update={"timing": None})
    assert len(energy.readings(bare, "power_w")) == 40
    assert energy.readings(bare, "clock_hz") == ()
    assert (energy.readings(one, "clock_hz"), energy_j(bare)) == ((), None)


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
    found = energy.per_operation_and_byte(*loads)
    assert found == pytest.approx((e_flop, e_byte), rel=1e-9, abs=0)
    assert energy.per_operation_and_byte(loads[0], loads[0]) is None
    dark = loads[1].model_copy(update={"conditions": Conditions()})
    assert energy.per_operation_and_byte(loads[0], dark) is None


def test_loads_that_only_a_negative_energy_explains_tell_nothing() -> None:
    hungry = kept_up([SLOW_S] * 100, "matrix", (1e11, 1e8), powered([700.0] * 120))
    frugal = kept_up([SLOW_S] * 100, "mixed", (1e11, 1e10), powered([300.0] * 120))
    assert energy.per_operation_and_byte(hungry, frugal) is None
    alike = [
        kept_up([SLOW_S] * 100, load, (1e11, moved), powered([500.0] * 120))
        for load, moved in (("matrix", 0.0), ("mixed", 1e10))
    ]
    assert energy.per_operation_and_byte(*alike) is None  # a byte would cost nothing


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
    cuts = [first.start_s, second.start_s, third.start_s, last.start_s, last.end_s]
    assert cuts == pytest.approx([1.0, 5.975, 10.95, 15.925, 20.9])
    assert [one.end_s for one in (first, second, third)] == cuts[1:4]
    assert slices(one.model_copy(update={"timing": None}), 4) == []


def test_the_last_sample_is_of_the_last_slice() -> None:
    one = kept_up([FAST_S] * 4 + [SLOW_S])
    assert [part.call_s for part in slices(one, 5)] == [FAST_S] * 4 + [SLOW_S]


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
    assert matrix["settled rate (97% interval)"].startswith("100.0 TFLOP/s")
    assert matrix["burst"] == "125.0 TFLOP/s"
    assert matrix["settled / burst"] == "80.0%"
    assert matrix["power beside TDP"] == "350 W of 400 W (88%)"
    assert matrix["energy"] == "3.29 pJ/FLOP"  # 350 W x 0.94 ms / 1e11
    assert mixed["bytes/s"] == "10.0 TB/s"
    assert "pJ/B" in mixed["energy"]
    assert [one["settled_s"] for one in main.flat] == [SLOW_S, SLOW_S]
    assert len(over_time.cells) == 16
    assert (main.lines, over_time.lines) == ((SEPARATELY,), ())


def test_on_a_cpu_the_table_over_time_says_why_it_has_no_clock(
    loads: Record, sheets: Catalogue
) -> None:
    cpu = loads.device.model_copy(update={"backend": "cpu"})
    here = loads.model_copy(update={"device": cpu})
    _, over_time = energy_sections(here, rows(here, sheets), sheets)
    assert over_time.lines == (CPU_CLOCK,)


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
