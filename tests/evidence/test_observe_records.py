"""Our own records as evidence: the best window, of one whole chip, if it is to be believed."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.chips.load import Catalogue
from bench.evidence.model import Kind
from bench.evidence.observe import Observation
from bench.evidence.recorded import recorded
from bench.records.model import Check, Identity, Measurement, Record, Work
from bench.records.store import read
from bench.units import Dimension
from tests.evidence.cases import figure, sheet, shelf
from tests.report.verdict_cases import BEST_S, CUDA, H20, product_at, record_of, stream_at

DIE = sheet(
    "acme-two",
    figures={"dies": figure("2"), "matrix_bf16": figure("200 TFLOP/s")},
    identity={"reports": "die"},
)


def _of(record: Record, sheets: Catalogue, *found: Measurement, **changes: Any) -> Observation:
    made = record_of(record, *found).model_copy(update=changes)
    (one,) = recorded([made], sheets)
    return one


def test_the_best_window_is_the_value_with_the_interval_of_the_median(
    record: Record, sheets: Catalogue
) -> None:
    found = _of(record, sheets, product_at(140.0, half=0.01))
    assert found.value == pytest.approx(140e12 / 0.99)
    assert found.low == pytest.approx(140e12 / 1.01)
    assert found.high == pytest.approx(140e12 / 0.99)
    assert found.fraction == pytest.approx(140 / 0.99 / 148)
    assert (found.chip, found.figure, found.dimension) == (
        H20,
        "matrix_bf16",
        Dimension.FLOP_RATE,
    )
    assert (found.quantity.key, found.dtype) == ("matmul_best", "bf16")
    assert (found.by, found.under, found.kind) == ("onpaper", "onpaper", Kind.OWN)
    assert (found.weight, found.why, found.statistic) == (1.0, (), "best window")
    assert found.date == record.started_utc[:10]
    assert found.work == (("shape", "4096 x 4096 x 8192 nt"),)


def test_the_fastest_of_several_stands_for_the_figure(record: Record, sheets: Catalogue) -> None:
    made = [product_at(120.0), product_at(141.0), product_at(133.0)]
    assert _of(record, sheets, *made).value == pytest.approx(141e12 / 0.99)


def test_the_best_window_is_taken_though_another_is_faster_when_sustained(
    record: Record, sheets: Catalogue
) -> None:
    stats = product_at(120.0).timing.stats.model_copy(update={"burst_s": 0.85 * BEST_S})  # type: ignore[union-attr]  # it is timed
    bursty = product_at(120.0, timing={"stats": stats})
    assert _of(record, sheets, bursty, product_at(130.0)).value == pytest.approx(120e12 / 0.85)


def test_each_figure_and_form_is_one_observation(record: Record, sheets: Catalogue) -> None:
    fp16 = product_at(130.0, dtype="fp16", figures=("matrix_fp16",))
    made = record_of(
        record,
        product_at(140.0),
        product_at(125.0, label="sustained"),
        fp16,
        stream_at(3600.0),
        stream_at(3700.0, stream="triad"),
        product_at(100.0, decides=False),
        product_at(139.0, group="a curve"),
    )
    found = {
        (one.quantity.key, one.dtype, round(one.value / 1e9)) for one in recorded([made], sheets)
    }
    assert found == {
        ("matmul_best", "bf16", round(140e3 / 0.99)),
        ("matmul_best", "bf16", round(125e3 / 0.99)),
        ("matmul_best", "fp16", round(130e3 / 0.99)),
        ("memory_triad", "fp32", round(3700 / 0.99)),
    }


def test_memory_held_is_bytes(record: Record, sheets: Catalogue) -> None:
    held = product_at(
        1.0,
        kernel="capacity",
        figures=("memory_capacity",),
        quantity="footprint",
        work=Work(flop=0, bytes=1, footprint_bytes=94e9, formula="held"),
        parameters={},
    )
    found = _of(record, sheets, held)
    assert (found.quantity.key, found.value, found.dimension) == (
        "memory_held",
        94e9,
        Dimension.BYTES,
    )
    assert found.fraction == pytest.approx(94e9 / (96 * 2**30))


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (product_at(160.0), "108.1% of the published peak"),
        (
            product_at(140.0, timing={"wall_ratio": 0.2}),
            "the device's timer saw 20% of the host's time",
        ),
        (
            product_at(
                140.0, spot_check=Check(passed=False, error=1.0, tolerance=0.01, shape="8x8x8")
            ),
            "the timed call did not compute its result",
        ),
    ],
    ids=["above-its-peak", "not-timed", "not-computed"],
)
def test_what_is_implausible_is_shown_and_weighs_nothing(
    found: Measurement, why: str, record: Record, sheets: Catalogue
) -> None:
    one = _of(record, sheets, found)
    assert one.weight == 0.0
    assert one.why[0].startswith(why)
    assert one.value > 0


def test_a_device_that_is_a_die_is_told_as_the_chip_that_it_is_of(record: Record) -> None:
    found = _of(
        record, shelf(DIE), product_at(90.0), identity=Identity(state="matched", chip="acme-two")
    )
    assert found.fraction == pytest.approx(90 / 0.99 / 100)
    assert found.value == pytest.approx(2 * 90e12 / 0.99), "a value is that of one whole chip"


def test_a_product_that_sums_in_fp16_is_no_product_that_sums_in_fp32(
    record: Record, sheets: Catalogue
) -> None:
    # The sheet of the H20 has no figure for it; the rate of fp16 is another one.
    made = product_at(140.0, dtype="fp16", figures=("matrix_fp16_acc16",))
    found = list(recorded([record_of(record, made)], sheets))
    assert [one.figure for one in found if one.figure == "matrix_fp16"] == []


@pytest.mark.parametrize("data", ["constant", "zeros"])
def test_inputs_that_flatter_weigh_nothing_as_they_do_in_reports(
    data: str, record: Record, sheets: Catalogue
) -> None:
    found = list(recorded([record_of(record, product_at(140.0, data=data))], sheets))
    assert [one.weight for one in found if one.weight] == []


def test_rows_on_other_inputs_than_the_runs_own_are_left_out(
    record: Record, sheets: Catalogue
) -> None:
    found = _of(record, sheets, product_at(130.0), product_at(145.0, data="zeros"))
    assert found.value == pytest.approx(130e12 / 0.99)


@pytest.mark.parametrize(
    "changes",
    [
        {"device": CUDA.model_copy(update={"backend": "fake"})},
        {"identity": Identity(state="unknown")},
        {"identity": Identity(state="chosen", chip="acme-none")},
    ],
    ids=["fake", "unknown", "no-sheet"],
)
def test_fake_devices_and_unknown_chips_are_left_out(
    changes: dict[str, Any], record: Record, sheets: Catalogue
) -> None:
    made = record_of(record, product_at(140.0))
    assert len(list(recorded([made], sheets))) == 1
    assert list(recorded([made.model_copy(update=changes)], sheets)) == []


def test_the_fake_devices_own_record_is_left_out(record: Record, sheets: Catalogue) -> None:
    assert record.identity.chip == H20
    assert [one.status for one in record.measurements] == ["ok", "ok"]
    assert list(recorded([record], sheets)) == []


def test_what_did_not_run_is_left_out(record: Record, sheets: Catalogue) -> None:
    skipped = product_at(140.0, status="skipped", reason="no memory").model_copy(
        update={"timing": None}
    )
    assert list(recorded([record_of(record, skipped)], sheets)) == []


def _shipped(name: str) -> Path:
    (path,) = (paths.data_dir("results") / "records").rglob(f"{name}.json")
    return path


def _fastest_s(timing: dict[str, Any]) -> float:
    """The call time of the fastest 20 ms of samples, by trying each start."""
    least = 0.02 / timing["batch_calls"] * (1 - 1e-9)
    found: list[float] = [timing["stats"]["median_s"]]
    for series in (timing["samples_s"], timing["rested_s"]):
        for start in range(len(series)):
            spent, count = 0.0, 0
            while spent < least and start + count < len(series):
                spent, count = spent + series[start + count], count + 1
            found += [spent / count] if spent >= least else []
    return min(found)


def test_the_shipped_h200_reaches_what_its_samples_say(sheets: Catalogue) -> None:
    raw = json.loads(_shipped("h200-sxm-full").read_text(encoding="utf-8"))
    best: dict[tuple[str, str], tuple[float, float]] = {}
    for one in raw["measurements"]:
        tests = one["status"] == "ok" and one["decides"] and not one["group"]
        if tests and one["data"] == "normal" and one["figures"][:1] == [f"matrix_{one['dtype']}"]:
            flop, stats = one["work"]["flop"], one["timing"]["stats"]
            told = (flop / stats["median_s"], flop / _fastest_s(one["timing"]))
            form = (one["dtype"], one["label"])
            best[form] = max(best.get(form, (0.0, 0.0)), told)
    every = list(recorded([read(_shipped("h200-sxm-full"))], sheets))
    found = [one for one in every if one.figure in {f"matrix_{dtype}" for dtype, _ in best}]
    rates = {(one.dtype, round(one.value / 1e6)) for one in found}
    del best["fp32", ""]  # no sheet promises a matrix rate of it: set beside the vector rate
    assert rates == {(dtype, round(burst / 1e6)) for (dtype, _), (_, burst) in best.items()}
    beside_vector = {one.quantity.key for one in every if one.figure == "vector_fp32"}
    assert beside_vector == {"matmul_best", "vector_rate"}
    assert {"bf16", "fp16", "fp8"} <= {dtype for dtype, _ in best}
    assert {one.software for one in every} == {f"torch {raw['machine']['torch']}"}
    assert {one.weight for one in found if one.dtype == "bf16"} == {1.0}


@pytest.mark.parametrize("name", ["xeon-emerald-rapids-2-cores", "epyc-genoa-2-cores-standard"])
def test_some_cores_of_a_processor_speak_for_no_whole_one(name: str, sheets: Catalogue) -> None:
    found = list(recorded([read(_shipped(name))], sheets))
    assert found
    assert {one.weight for one in found} == {0.0}
    assert {one.why[0] for one in found} == {"a part of the cores"}
