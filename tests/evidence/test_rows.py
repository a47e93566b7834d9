"""Reported values at fault: each on one line with file, field, problem and fix."""

from pathlib import Path
from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.evidence.load import examine
from tests.evidence.cases import row, write

FILE = "results/reported/lab.yaml"
H20 = "nvidia-h20-sxm-96gb"


def faults(folder: Path, sheets: Catalogue | None = None) -> list[str]:
    _, found = examine(folder, sheets.chips if sheets else None, fresh=True)
    return [str(one) for one in found]


Changes = dict[str, Any]
BEYOND_FORM: dict[str, tuple[Changes, str]] = {
    "chip": (
        {"chip": "nvidia-h20-sxm-96g"},
        (
            "one.chip: there is no sheet 'nvidia-h20-sxm-96g'; "
            "did you mean 'nvidia-h20-sxm-96gb' or "
            "'nvidia-h100-sxm-96gb' or 'nvidia-h20-sxm-141gb'?"
        ),
    ),
    "quantity": (
        {"quantity": "memory_triadd", "value": "3 TB/s", "dtype": None},
        (
            "one.quantity: 'memory_triadd' is none; "
            "did you mean 'memory_triad' or 'memory_add' or 'memory_read'?"
        ),
    ),
    "dtype": ({"dtype": "bf17"}, "one.dtype: 'bf17' is none; did you mean 'bf16' or 'fp16'?"),
    "no-dtype": (
        {"dtype": None},
        "one.dtype: is missing; name the number format, such as bf16",
    ),
    "bytes-for-operations": (
        {"value": "140 GB/s"},
        "one.value: 140 GB/s is not what matmul_best is measured in; give FLOP/s or OP/s or %",
    ),
    "no-unit": (
        {"value": "140"},
        "one.value: 140 is not what matmul_best is measured in; give FLOP/s or OP/s or %",
    ),
    "operations-for-bytes": (
        {"quantity": "memory_copy", "dtype": None},
        "one.value: 140 TFLOP/s is not what memory_copy is measured in; give B/s",
    ),
    "size-for-rate": (
        {"quantity": "memory_copy", "dtype": None, "value": "3 GiB"},
        "one.value: 3 GiB is not what memory_copy is measured in; give B/s",
    ),
    "rate-for-size": (
        {"quantity": "memory_held", "dtype": None, "value": "3 GB/s"},
        "one.value: 3 GB/s is not what memory_held is measured in; give B",
    ),
    "time-for-rate": (
        {"quantity": "decode", "value": "3 ms"},
        "one.value: 3 ms is not what decode is measured in; give token/s",
    ),
    "rate-for-time": (
        {"quantity": "tpot", "value": "3 token/s"},
        "one.value: 3 token/s is not what tpot is measured in; give s",
    ),
    "samples-for-tokens": (
        {"quantity": "prefill", "value": "3 sample/s"},
        "one.value: 3 sample/s is not what prefill is measured in; give token/s",
    ),
    "share-not-told": (
        {"value": "94 %"},
        "one.defects: 'percent only' and a value in % go together; give both or neither",
    ),
    "told-share-is-none": (
        {"defects": ["percent only"]},
        "one.defects: 'percent only' and a value in % go together; give both or neither",
    ),
    "mfu-is-no-hidden-peak": (
        {"quantity": "training_mfu", "value": "40 %", "defects": ["percent only"]},
        "one.defects: 'percent only' and a value in % go together; give both or neither",
    ),
    "one-die": ({"per": "die"}, f"one.per: {H20} has one die; write device"),
    "no-sum-of-times": (
        {"quantity": "tpot", "value": "3 ms", "per": "total"},
        "one.per: a time is no sum over chips; leave it out: count says how many took part",
    ),
}
FORM: dict[str, tuple[Changes, str]] = {
    "two-days": (
        {"date": "2026-11-24/25"},
        (
            "date: '2026-11-24/25' is not of its form; "
            "write a day, a month or a year, such as 2026-11-24, 2026-11 or 2026"
        ),
    ),
    "month-13": (
        {"date": "2026-13"},
        (
            "date: '2026-13' is not of its form; "
            "write a day, a month or a year, such as 2026-11-24, 2026-11 or 2026"
        ),
    ),
    "per": ({"per": "chip"}, "per: 'chip' is not a word for it; write 'device', 'die' or 'total'"),
    "quality": ({"quality": "D"}, "quality: 'D' is not a word for it; write 'A', 'B' or 'C'"),
    "statistic": (
        {"statistic": "max"},
        "statistic: 'max' is not a word for it; write 'best', 'mean', 'median' or 'unknown'",
    ),
    "id": ({"id": "H20"}, "id: 'H20' is not of its form; write small letters, digits, '.', '_' "),
    "no-id": ({"id": None}, "id: is missing; add it"),
    "no-chip": ({"chip": None}, "chip: is missing; add it"),
    "no-date": ({"date": None}, "date: is missing; add it"),
    "count": ({"count": "eight"}, "count: is not a whole number; write a whole number"),
    "another-key": ({"speed": "fast"}, "speed: is no key of it; remove it"),
    "kind-is-called-class": ({"kind": "vendor"}, "class: 'vendor' is not a word for it; write "),
    "defect": (
        {"defects": ["rounded", "too good"]},
        "defects.1: 'too good' is not a word for it; write 'constant inputs', 'best of many', ",
    ),
    "defects-no-list": (
        {"defects": "rounded"},
        "defects: is not a list; write a list such as [a, b]",
    ),
    "work": (
        {"workload": {"engine": "vLLM"}},
        "workload.engine: 'engine' is not a word for it; write 'shape', 'model', 'benchmark', ",
    ),
    "condition": (
        {"conditions": {"shape": "1x1x1"}},
        "conditions.shape: 'shape' is not a word for it; write 'method', 'tool', 'kernel', ",
    ),
    "empty-work": (
        {"workload": {"model": ""}},
        "workload.model: is too short; write at least 1 characters",
    ),
}


@pytest.mark.parametrize("name", BEYOND_FORM)
def test_a_value_that_cannot_be_is_named_by_its_row(
    name: str, tmp_path: Path, sheets: Catalogue
) -> None:
    changes, line = BEYOND_FORM[name]
    write(tmp_path / "results", row(id="sound"), row(**changes))
    assert faults(tmp_path / "results", sheets) == [f"{FILE}: {line}"]


@pytest.mark.parametrize("name", FORM)
def test_a_field_of_another_form_is_named_by_its_place(
    name: str, tmp_path: Path, sheets: Catalogue
) -> None:
    changes, line = FORM[name]
    write(tmp_path / "results", row(id="sound"), row(**changes))
    (found,) = faults(tmp_path / "results", sheets)
    assert found.startswith(f"{FILE}: rows.1.{line}")
    assert "\n" not in found


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("fast", "'fast' is not a quantity such as '148 TFLOP/s'"),
        ("140 TFLOPS", "'TFLOPS' is not a unit (write TFLOP/s)"),
        ("-3 TFLOP/s", "'-3 TFLOP/s' is not a positive, finite quantity"),
        ("unknown", "'unknown' is not a quantity such as '148 TFLOP/s'"),
    ],
)
def test_a_value_that_is_no_quantity_is_told_how_one_is_written(
    value: str, problem: str, tmp_path: Path
) -> None:
    write(tmp_path / "results", row(id="sound"), row(value=value))
    (found,) = examine(tmp_path / "results", fresh=True)[1]
    assert (found.file, found.field, found.problem) == (FILE, "rows.1.value", problem)
    assert "148 TFLOP/s" in found.fix
    assert "unknown" not in found.fix, "a measured value is never unknown: such a fix mends nothing"


@pytest.mark.parametrize("date", ["2026-02-30", "2025-02-29", "2026-11-31"])
def test_a_day_that_no_calendar_has_is_a_fault(date: str, tmp_path: Path) -> None:
    write(tmp_path / "results", row(id="sound"), row(date=date))
    (found,) = faults(tmp_path / "results")
    assert found.startswith(f"{FILE}: rows.1.date: '{date}' is no day of the calendar; write a day")


def test_a_value_of_a_die_needs_a_chip_of_several(tmp_path: Path, sheets: Catalogue) -> None:
    write(tmp_path / "results", row(per="die", chip="amd-mi250x-oam-128gb"))
    assert sheets.chips["amd-mi250x-oam-128gb"].number("dies") == 2
    assert faults(tmp_path / "results", sheets) == []
