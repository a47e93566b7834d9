"""Why a rate stays below its figure: every term recovered from a device that is known."""

import math
from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.devices.fake import RATES, FakeDevice, FakeSpec
from bench.judging import gap
from bench.judging.gap import Cap, Clock, Gap
from bench.judging.throttle import Throttle
from bench.judging.verdict import Row, rows
from bench.measure.item import Item
from bench.measure.runner import Watcher, run
from bench.measure.session import LocalSession
from bench.records.model import Conditions, Record
from bench.report.record.gap import gap_sections
from bench.report.registry import render
from tests.conftest import order
from tests.measure.gap_cases import H20_HZ, H20_RATE, at_boost, explained

SQUARE: dict[str, int | str] = {"m": 4096, "n": 4096, "k": 4096}
SQUARE_WAVES = 1024 / (14 * 78)
"""32 x 32 tiles of 128 in 14 waves over 78 units."""


@pytest.fixture
def sheets(sheets: Catalogue) -> Catalogue:
    """The sheets, with the H20's rates at its boost clock."""
    return at_boost(sheets)


def known(
    clock: float = 1.0, software: float = 1.0, limit_w: float | None = None, level: float = 0.005
) -> FakeSpec:
    """A device at the H20's printed rate, but for what is lost to clock, waves and software."""
    return FakeSpec(
        rates={**RATES, "bf16": H20_RATE}, clock_hz=H20_HZ, clock_share=clock, launch_s=0.0,
        software_share=software, ramp_k=0, power_limit_w=limit_w, noise_level=level,
    )  # fmt: skip


def measured(spec: FakeSpec, folder: Path, sheets: Catalogue, *items: Item) -> Record:
    """The record of a run on a fake device."""
    chosen = items or (Item("gemm", "bf16", fixed=SQUARE),)
    return run(LocalSession(FakeDevice(spec)), order(folder, *chosen), sheets, Watcher())


@pytest.mark.parametrize("clock", [1.0, 0.93, 0.6])
@pytest.mark.parametrize("software", [1.0, 0.89])
@pytest.mark.parametrize(
    ("fixed", "waves"),
    [
        (SQUARE, SQUARE_WAVES),
        ({"m": 1000, "n": 1000, "k": 8192}, 1e6 / (128**2 * 78)),
        ({"m": 1152, "n": 1152, "k": 8192}, 81 / 156),
    ],
    ids=["many waves", "edges", "one tile too many"],
)
def test_each_term_of_a_known_device_is_recovered_within_two_percent(
    clock: float, software: float, fixed: dict[str, int | str], waves: float, tmp_path: Path,
    sheets: Catalogue,
) -> None:  # fmt: skip
    record = measured(known(clock, software), tmp_path, sheets, Item("gemm", "bf16", fixed=fixed))
    (found,) = explained(record, sheets)
    assert found.clock is not None
    assert found.waves is not None
    assert found.clock.share == pytest.approx(clock, rel=0.02)
    assert found.waves.share == pytest.approx(waves, rel=0.02)
    assert found.rest == pytest.approx(software, rel=0.02)
    product = found.clock.share * found.waves.share * found.rest
    assert product == pytest.approx(found.achieved, rel=1e-9)
    assert found.row.fraction is not None
    assert found.achieved == found.row.fraction.value


def test_a_line_a_figure_is_printed(tmp_path: Path, sheets: Catalogue) -> None:
    record = measured(known(0.93, 0.89, level=0.0), tmp_path, sheets)
    (found,) = explained(record, sheets)
    assert found.line == "78% = 0.93 clock × 0.94 waves × 0.89 rest"
    assert found.line in render(record, sheets, "github")


def test_a_power_cap_is_said_with_its_share(tmp_path: Path, sheets: Catalogue) -> None:
    record = measured(known(0.93, limit_w=350.0, level=0.0), tmp_path, sheets)
    (found,) = explained(record, sheets)
    assert found.cap == Cap(met=True, share=1.0)
    assert found.line.endswith(" rest (power-capped 100% of the time)")


@pytest.mark.parametrize(
    ("throttle", "power_w", "limit_w", "expected"),
    [
        ((), (350.0, 350.0), 350.0, Cap(met=False, share=0.0)),
        (None, (350.0, 350.0), 350.0, None),
        ((Throttle.UNNAMED,), (350.0, 350.0), 350.0, None),
        (("idle",), (350.0, 350.0), 350.0, Cap(met=False, share=0.0)),
        ((Throttle.POWER_CAP,), (350.0, 100.0, 340.0, 339.0), 350.0, Cap(met=True, share=0.5)),
        ((Throttle.POWER_CAP,), (350.0, 350.0), None, Cap(met=True, share=None)),
        ((Throttle.POWER_CAP,), (), 350.0, Cap(met=True, share=None)),
    ],
)
def test_the_caps_share_is_that_of_the_readings_at_the_limit(
    throttle: tuple[str, ...] | None, power_w: tuple[float, ...], limit_w: float | None,
    expected: Cap | None,
    record: Record,
) -> None:  # fmt: skip
    seen = Conditions(clock_hz=(1e9,), power_w=power_w, throttle=throttle)
    one = record.measurements[1].model_copy(update={"conditions": seen})
    device = record.device.model_copy(update={"power_limit_w": limit_w})
    assert gap._cap(one, device) == expected
    assert gap._cap(one, device.model_copy(update={"backend": "cpu"})) is None


def test_a_memory_figure_is_rest_alone(record: Record, sheets: Catalogue) -> None:
    memory = next(one for one in explained(record, sheets) if one.row.key == "memory_bandwidth")
    assert (memory.clock, memory.waves) == (None, None)
    assert memory.rest == memory.achieved
    assert memory.line == f"{memory.achieved:.0%} = {memory.achieved:.2f} rest"


def test_of_several_rows_of_a_figure_the_best_on_normal_data_speaks(
    tmp_path: Path, sheets: Catalogue
) -> None:
    spec = FakeSpec(flattered={"zeros": 1.04}, noise="none", launch_s=0.0)
    small: dict[str, int | str] = {"m": 1152, "n": 1152, "k": 8192}
    chosen = (("zeros", SQUARE), ("normal", small), ("normal", SQUARE))
    items = [Item("gemm", "bf16", data, fixed=fixed) for data, fixed in chosen]
    (found,) = explained(measured(spec, tmp_path, sheets, *items), sheets)
    assert found.row.measurement.data == "normal"
    assert found.row.measurement.parameters["m"] == 4096


def test_any_stream_stands_for_the_bandwidth_and_bytes_held_have_no_gap(
    record: Record, sheets: Catalogue
) -> None:
    copy = record.measurements[0]
    assert copy.label == "copy"
    held = copy.model_copy(update={"quantity": "footprint", "figures": ("memory_capacity",)})
    add = copy.model_copy(update={"label": "add", "parameters": {"stream": "add"}})
    here = record.model_copy(update={"measurements": (copy, add, held)})
    assert [one.row.key for one in explained(here, sheets)] == ["memory_bandwidth"]


def test_what_is_implausible_has_no_gap(tmp_path: Path, sheets: Catalogue) -> None:
    record = measured(FakeSpec(eliminated=("bf16",)), tmp_path, sheets)
    assert explained(record, sheets) == []


def test_a_rest_above_one_is_called_what_it_is(tmp_path: Path, sheets: Catalogue) -> None:
    """At half the clock that is taken to be the peak's, the whole rate leaves a rest of 2."""
    spec = known(level=0.0)
    slow = FakeSpec(**{**vars(spec), "clock_hz": H20_HZ / 2})
    record = measured(slow, tmp_path, sheets)
    (shown,) = gap_sections(record, rows(record, sheets), sheets)
    assert "rest above 1" in shown.cells[0][2]
    told = shown.flat[0]["rest"]
    assert isinstance(told, float)
    assert math.isclose(told, 2.0, rel_tol=0.01)


def test_the_terms_are_worked_out_of_what_is_printed() -> None:
    assert Clock(1.5e9, 2e9, "boost clock").share == 0.75
    row: Row = None  # type: ignore[assignment]  # no term looks at it
    assert Gap(row, 0.5, Clock(1.5e9, 2e9, ""), None, None).rest == pytest.approx(2 / 3)
