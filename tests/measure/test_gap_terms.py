"""The terms of a gap one by one: the clock of a peak, waves and tiles, forms, a load kept up."""

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.judging import gap
from bench.judging.gap import TILES, stated_clock, wave_share
from bench.judging.verdict import rows
from bench.measure.stats import describe
from bench.records.model import Conditions, DeviceInfo, Measurement, Record
from bench.report.record.gap import TITLE, gap_sections
from tests.measure.gap_cases import H20_RATE, at_boost, explained


@pytest.mark.parametrize(
    ("chip", "key", "hertz", "words"),
    [
        ("h200", "matrix_bf16", 1.83e9, "clock behind the matrix peaks"),
        ("h200", "matrix_fp64", 1.98e9, "boost clock"),
        ("h200", "sparse_bf16", 1.83e9, "clock behind the matrix peaks"),
        ("h200", "vector_fp32", 1.98e9, "boost clock"),
        ("h200-nvl", "matrix_bf16", 835.5e12 / (132 * 4096), "clock that the printed rate gives"),
    ],
)
def test_the_clock_of_a_peak_is_the_one_that_its_rate_gives(
    chip: str, key: str, hertz: float, words: str, sheets: Catalogue
) -> None:
    found = stated_clock(sheets.find(chip), key, sheets)
    assert found is not None
    assert found[0] == pytest.approx(hertz)
    assert found[1] == words


def test_a_cut_rate_has_no_clock_term(record: Record, sheets: Catalogue) -> None:
    """148 TFLOP/s of 78 units would be a clock of 0.46 GHz: something else cuts the rate."""
    assert stated_clock(sheets.find("h20"), "matrix_bf16", sheets) is None
    product = next(one for one in explained(record, sheets) if one.row.key == "matrix_bf16")
    assert product.clock is None
    assert "clock" not in product.line
    (shown,) = gap_sections(record, rows(record, sheets), sheets)
    assert len(shown.cells) == 2


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
    (found,) = explained(_on_cpu(record, (2.95e9, 3.05e9)), sheets)
    assert found.waves is None
    assert found.clock is not None
    assert (found.clock.measured_hz, found.clock.stated_hz) == (3.0e9, 3.05e9)
    assert found.rest == pytest.approx(3e11 / (4 * 3.0e9 * 32))
    assert found.cap is None


def test_a_cpu_whose_clock_readings_disagree_has_no_clock_term(
    record: Record, sheets: Catalogue
) -> None:
    (found,) = explained(_on_cpu(record, (2.9e9, 3.1e9)), sheets)
    assert found.clock is None
    assert found.rest == found.achieved


def _on_cpu(record: Record, clock_hz: tuple[float, ...]) -> Record:
    """The record with its product alone, on a CPU with some readings of the clock."""
    cpu = DeviceInfo(
        backend="cpu", name="A CPU", units=4, clock_measured_hz=3e9, cpu_vendor="AuthenticAMD",
        cpu_family=25, cpu_model=17, isa=("avx512f", "avx512_bf16"),
    )  # fmt: skip
    one = record.measurements[1]
    seen = Conditions(clock_hz=clock_hz)
    product = one.model_copy(update={"conditions": seen, "figures": ("vector_fp32",)})
    return record.model_copy(
        update={
            "device": cpu,
            "identity": record.identity.model_copy(update={"chip": "amd-zen4-genoa"}),
            "measurements": (_at(product, 3e11),),
        }
    )


def _at(one: Measurement, rate: float) -> Measurement:
    """The measurement with as much work as makes that rate."""
    assert one.work is not None
    assert one.timing is not None
    work = one.work.model_copy(update={"flop": rate * one.timing.stats.median_s})
    return one.model_copy(update={"work": work})


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
    boost = at_boost(sheets)
    (found,) = explained(here, boost)
    assert found.achieved == pytest.approx(100e12 / H20_RATE)
    assert found.clock is not None
    assert found.clock.measured_hz == 1.6e9
    early = seen.model_copy(update={"clock_hz": (2e9,) * 52 + (1.6e9,) * 47})
    later = here.measurements[0].model_copy(update={"conditions": early})
    (again,) = explained(here.model_copy(update={"measurements": (later,)}), boost)
    assert again.clock is not None
    assert again.clock.measured_hz == 1.6e9


def test_without_a_clock_there_is_no_table(record: Record, sheets: Catalogue) -> None:
    boost = at_boost(sheets)
    (shown,) = gap_sections(record, rows(record, boost), boost)
    assert shown.title == TITLE
    assert len(shown.cells) == len(shown.flat) == 2
    dark = tuple(one.model_copy(update={"conditions": Conditions()}) for one in record.measurements)
    blind = record.model_copy(update={"measurements": dark})
    assert list(gap_sections(blind, rows(blind, boost), boost)) == []
