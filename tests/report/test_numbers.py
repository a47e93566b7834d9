"""Numbers and sentences of a report: digits, units, shares, and what the summary counts."""

import pytest

from bench.judging.rates import Interval
from bench.judging.verdict import Verdict, rows
from bench.report.record.summary import summary
from bench.report.text.digits import beside, percent, with_interval
from bench.units import Dimension
from tests.report.cases import RECORD, SHEETS


@pytest.mark.parametrize(
    ("interval", "dimension", "text"),
    [
        ((332e12, 329e12, 335e12), Dimension.FLOP_RATE, "332.0 TFLOP/s (329.0–335.0)"),
        ((332e12, 322e12, 342e12), Dimension.FLOP_RATE, "332 TFLOP/s (322–342)"),
        ((3.578e12, 3.57e12, 3.587e12), Dimension.BYTE_RATE, "3.578 TB/s (3.570–3.587)"),
        ((3.5e12, 2.4e12, 4.6e12), Dimension.BYTE_RATE, "3.50 TB/s (2.40–4.60)"),
        ((949e9, 938e9, 969e9), Dimension.FLOP_RATE, "949 GFLOP/s (938–969)"),
        ((1e12, 0.998e12, 1.002e12), Dimension.FLOP_RATE, "1.000 TFLOP/s (0.998–1.002)"),
        ((998e9, 996e9, 1001e9), Dimension.FLOP_RATE, "998.0 GFLOP/s (996.0–1,001.0)"),
        ((270e12, 270e12, 270e12), Dimension.OP_RATE, "270.0 TOP/s (270.0–270.0)"),
        ((0.025, 0.024, 0.026), Dimension.TIME, "25.0 ms (24.0–26.0)"),
    ],
)
def test_digits_follow_the_interval(
    interval: tuple[float, float, float], dimension: Dimension, text: str
) -> None:
    assert with_interval(Interval(*interval), dimension) == text


@pytest.mark.parametrize(
    ("published", "text"),
    [
        ("4000 GB/s", "3,578 GB/s (3,570–3,587)"),
        ("4 TB/s", "3.578 TB/s (3.570–3.587)"),
        ("9000 TB/s", "3.578 TB/s (3.570–3.587)"),
        ("4 PB/s", "3.578 TB/s (3.570–3.587)"),
        ("4 TFLOP/s", "3.578 TB/s (3.570–3.587)"),
        ("", "3.578 TB/s (3.570–3.587)"),
    ],
)
def test_the_unit_is_that_of_the_published_text_if_it_fits(published: str, text: str) -> None:
    interval = Interval(3.578e12, 3.57e12, 3.587e12)
    assert with_interval(interval, Dimension.BYTE_RATE, published) == text


def test_a_burst_has_the_unit_and_the_decimals_of_what_it_stands_beside() -> None:
    assert beside(1.0021e12, Interval(949e9, 938e9, 969e9), Dimension.FLOP_RATE) == "1,002 GFLOP/s"


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        ((0.812, 0.804, 0.821), "81.2% (80.4–82.1)"),
        ((0.812, 0.78, 0.84), "81% (78–84)"),
        ((1.5, 1.5, 1.5), "150.0% (150.0–150.0)"),
        ((0.00123, 0.0012, 0.0013), "0.12% (0.12–0.13)"),
    ],
)
def test_a_share_has_a_decimal_only_where_the_interval_bears_it(
    interval: tuple[float, float, float], text: str
) -> None:
    assert percent(Interval(*interval)) == text


def test_the_summary_says_what_of_paper_is_reached_and_counts_nothing_implausible() -> None:
    assert summary(rows(RECORD, SHEETS)) == [
        (
            "Reached: memory bandwidth, triad reaches 95% of paper (lowest stream: read 80%), "
            "fp64 matrix 100%, fp32 vector 91%."
        ),
        "Short: bf16 matrix reaches 81% of paper.",
        "Undecided: fp16 matrix reaches 90% of paper.",
        "Of several streams the best counts: memory bandwidth, triad.",
        "Implausible and not counted: memory bandwidth, copy, tf32 matrix.",
    ]


def test_the_margin_moves_the_line() -> None:
    told = [rows(RECORD, SHEETS, margin)[3].verdict for margin in (0.1, 0.19, 0.2)]
    assert told == [Verdict.SHORT, Verdict.UNDECIDED, Verdict.REACHED]
