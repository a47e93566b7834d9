"""Why a rate stays below its figure: every term recovered from a device that is known."""

import math
from pathlib import Path

import pytest

from bench import gap
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.devices.fake import RATES, FakeDevice, FakeSpec
from bench.gap import TILES, Cap, Clock, Gap, gaps, stated_clock, wave_share
from bench.measure.item import Item
from bench.measure.runner import Watcher, run
from bench.measure.session import LocalSession
from bench.measure.stats import describe
from bench.records.model import Conditions, DeviceInfo, Measurement, Record
from bench.report.gap import TITLE, gap_sections
from bench.report.registry import render
from bench.verdict import Row, rows
from tests.conftest import order

H20_HZ, H20_RATE = 1.98e9, 148e12
SQUARE: dict[str, int | str] = {"m": 4096, "n": 4096, "k": 4096}
SQUARE_WAVES = 1024 / (14 * 78)
"""32 x 32 tiles of 128 in 14 waves over 78 units."""


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


def explained(record: Record, sheets: Catalogue) -> list[Gap]:
    """The gaps of a record."""
    chip = sheets.chips[record.identity.chip or ""]
    return list(gaps(rows(record, sheets), record.device, chip, sheets))


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
        (("idle",), (350.0, 350.0), 350.0, Cap(met=False, share=0.0)),
        ((gap.CAP,), (350.0, 100.0, 340.0, 339.0), 350.0, Cap(met=True, share=0.5)),
        ((gap.CAP,), (350.0, 350.0), None, Cap(met=True, share=None)),
        ((gap.CAP,), (), 350.0, Cap(met=True, share=None)),
    ],
)
def test_the_caps_share_is_that_of_the_readings_at_the_limit(
    throttle: tuple[str, ...], power_w: tuple[float, ...], limit_w: float | None, expected: Cap,
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


@pytest.mark.parametrize(
    ("chip", "key", "hertz", "words"),
    [
        ("h200", "matrix_bf16", 1.83e9, "clock behind the matrix peaks"),
        ("h200", "matrix_fp64", 1.98e9, "boost clock"),
        ("h200", "sparse_bf16", 1.83e9, "clock behind the matrix peaks"),
        ("h200", "vector_fp32", 1.98e9, "boost clock"),
        ("h200-nvl", "matrix_bf16", 835.5e12 / (132 * 4096), "clock that the printed rate gives"),
        ("h20", "matrix_bf16", 1.98e9,
         "boost clock; the printed rate is not what the design gives at it"),
    ],
)  # fmt: skip
def test_the_clock_of_a_peak_is_the_one_that_its_rate_gives(
    chip: str, key: str, hertz: float, words: str, sheets: Catalogue
) -> None:
    found = stated_clock(sheets.find(chip), key, sheets)
    assert found is not None
    assert found[0] == pytest.approx(hertz)
    assert found[1] == words


def test_a_sheet_without_a_clock_has_no_clock_term(sheets: Catalogue) -> None:
    bare = Chip.model_validate(
        {"id": "x", "name": "X", "vendor": "nvidia", "kind": "gpu", "status": "sold",
         "tier": "global", "architecture": "none"}
    )  # fmt: skip
    assert stated_clock(bare, "matrix_bf16", sheets) is None


@pytest.mark.parametrize("tile", [(2, 3), (4, 4)])
@pytest.mark.parametrize("units", [1, 3, 7])
@pytest.mark.parametrize(("m", "n"), [(8, 9), (5, 7), (1, 1), (16, 12)])
def test_the_wave_term_is_what_a_schedule_counts(
    m: int, n: int, tile: tuple[int, int], units: int
) -> None:
    jobs = [(row, column) for row in range(0, m, tile[0]) for column in range(0, n, tile[1])]
    rounds = 0
    while jobs:
        del jobs[:units]
        rounds += 1
    useful = m * n / (rounds * units * tile[0] * tile[1])
    assert wave_share(m, n, tile, units) == pytest.approx(useful)


def test_where_the_tile_is_not_known_the_best_of_the_common_ones_is_taken(record: Record) -> None:
    one = record.measurements[1].model_copy(
        update={"observed": {}, "parameters": {"m": 4096, "n": 4096, "k": 64}}
    )
    found = gap._waves(one, record.device)
    assert found is not None
    assert found.share == max(wave_share(4096, 4096, tile, 78) for tile in TILES)
    assert found.words.startswith("tile not known, at best ")


def test_the_first_number_of_a_tile_is_along_the_columns(record: Record) -> None:
    one = record.measurements[1].model_copy(
        update={"observed": {"tile": "256x64x32"}, "parameters": {"m": 300, "n": 5000, "k": 64}}
    )
    found = gap._waves(one, record.device)
    assert found is not None
    assert found.share == wave_share(300, 5000, (64, 256), 78)
    assert found.share > wave_share(300, 5000, (256, 64), 78)
    assert found.words == "tile 256x64"


def test_a_cpu_has_no_waves_and_its_own_clock(record: Record, sheets: Catalogue) -> None:
    cpu = DeviceInfo(
        backend="cpu", name="A CPU", units=4, clock_measured_hz=3e9, cpu_vendor="AuthenticAMD",
        cpu_family=25, cpu_model=17, isa=("avx512f", "avx512_bf16"),
    )  # fmt: skip
    one = record.measurements[1]
    seen = Conditions(clock_hz=(2.9e9, 3.1e9))
    product = one.model_copy(update={"conditions": seen, "figures": ("vector_fp32",)})
    here = record.model_copy(
        update={
            "device": cpu,
            "identity": record.identity.model_copy(update={"chip": "amd-zen4-genoa"}),
            "measurements": (_at(product, 3e11),),
        }
    )
    (found,) = explained(here, sheets)
    assert found.waves is None
    assert found.clock is not None
    assert found.clock.share == 1.0
    assert found.rest == found.achieved
    assert found.cap is None


def _at(one: Measurement, rate: float) -> Measurement:
    """The measurement with as much work as makes that rate."""
    assert one.work is not None
    assert one.timing is not None
    work = one.work.model_copy(update={"flop": rate * one.timing.stats.median_s})
    return one.model_copy(update={"work": work})


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


def formed(record: Record, *forms: tuple[str, float, bool]) -> Record:
    """The record with one product in several forms: label, rate, whether it decides."""
    one = record.measurements[1]
    made = [
        _at(one, rate).model_copy(update={"label": label, "decides": decides})
        for label, rate, decides in forms
    ]
    return record.model_copy(update={"measurements": tuple(made)})


def test_the_plain_form_stands_for_a_figure_and_each_other_form_has_its_line(
    record: Record, sheets: Catalogue
) -> None:
    here = formed(
        record,
        ("mx", 120e12, True), ("", 90e12, True), ("", 100e12, True), ("mx", 110e12, True),
        ("attention prefill", 140e12, False),
    )  # fmt: skip
    found = explained(here, sheets)
    assert [one.row.title for one in found] == ["bf16 matrix", "bf16 matrix, mx"]
    rates = [one.achieved * H20_RATE for one in found]
    assert rates == pytest.approx([100e12, 120e12])


def test_any_stream_stands_for_the_bandwidth_and_bytes_held_have_no_gap(
    record: Record, sheets: Catalogue
) -> None:
    copy = record.measurements[0]
    assert copy.label == "copy"
    held = copy.model_copy(update={"quantity": "footprint", "figures": ("memory_capacity",)})
    add = copy.model_copy(update={"label": "add", "parameters": {"stream": "add"}})
    here = record.model_copy(update={"measurements": (copy, add, held)})
    assert [one.row.key for one in explained(here, sheets)] == ["memory_bandwidth"]


def test_a_load_kept_up_is_explained_once_it_has_settled(record: Record, sheets: Catalogue) -> None:
    """Its rate and its clock fall to four fifths before half of its time is over."""
    one = record.measurements[1]
    assert one.timing is not None
    samples = [0.8e-3] * 40 + [1e-3] * 60
    timing = one.timing.model_copy(
        update={
            "samples_s": tuple(samples),
            "at_s": tuple(0.1 * number for number in range(100)),
            "stats": describe(samples, 1),
        }
    )
    seen = Conditions(
        at_s=tuple(0.1 * number + 0.05 for number in range(99)),
        clock_hz=(2e9,) * 40 + (1.6e9,) * 59,
    )
    load = _at(one, 100e12).model_copy(
        update={"kernel": "sustained", "timing": timing, "conditions": seen}
    )
    flop = 100e12 * 1e-3
    work = load.work.model_copy(update={"flop": flop}) if load.work else None
    here = record.model_copy(update={"measurements": (load.model_copy(update={"work": work}),)})
    (found,) = explained(here, sheets)
    assert found.achieved == pytest.approx(100e12 / H20_RATE)
    assert found.clock is not None
    assert found.clock.measured_hz == 1.6e9
    early = seen.model_copy(update={"clock_hz": (2e9,) * 52 + (1.6e9,) * 47})
    later = here.measurements[0].model_copy(update={"conditions": early})
    (again,) = explained(here.model_copy(update={"measurements": (later,)}), sheets)
    assert again.clock is not None
    assert again.clock.measured_hz == 1.6e9


def test_what_is_implausible_has_no_gap(tmp_path: Path, sheets: Catalogue) -> None:
    record = measured(FakeSpec(eliminated=("bf16",)), tmp_path, sheets)
    assert explained(record, sheets) == []


def test_without_a_clock_there_is_no_table(record: Record, sheets: Catalogue) -> None:
    judged = rows(record, sheets)
    (shown,) = gap_sections(record, judged, sheets)
    assert shown.title == TITLE
    assert len(shown.cells) == len(shown.flat) == 2
    dark = tuple(one.model_copy(update={"conditions": Conditions()}) for one in record.measurements)
    blind = record.model_copy(update={"measurements": dark})
    assert list(gap_sections(blind, rows(blind, sheets), sheets)) == []


def test_a_rest_above_one_is_called_what_it_is(tmp_path: Path, sheets: Catalogue) -> None:
    """At half the clock that is taken to be the peak's, the whole rate leaves a rest of 2."""
    spec = known(level=0.0)
    slow = FakeSpec(**{**vars(spec), "clock_hz": H20_HZ / 2})
    record = measured(slow, tmp_path, sheets)
    (shown,) = gap_sections(record, rows(record, sheets), sheets)
    assert "a rest above 1" in shown.cells[0][2]
    told = shown.flat[0]["rest"]
    assert isinstance(told, float)
    assert math.isclose(told, 2.0, rel_tol=0.01)


def test_the_terms_are_worked_out_of_what_is_printed() -> None:
    assert Clock(1.5e9, 2e9, "boost clock").share == 0.75
    row: Row = None  # type: ignore[assignment]  # no term looks at it
    assert Gap(row, 0.5, Clock(1.5e9, 2e9, ""), None, None).rest == pytest.approx(2 / 3)
