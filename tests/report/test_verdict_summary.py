"""The rows of a record in their order, and what the summary says of them."""

from bench.chips.load import Catalogue
from bench.judging.standing import standing, stream_words
from bench.judging.verdict import Verdict, rows
from bench.records.model import Record
from bench.report.record.figures import build
from bench.report.record.summary import summary
from tests.report.verdict_cases import product_at, record_of, stream_at


def test_every_measurement_of_a_record_has_its_row_in_order(
    record: Record, sheets: Catalogue
) -> None:
    made = record_of(
        record, stream_at(3700), product_at(142), product_at(50, figures=("matrix_fp8",))
    )
    assert [(row.key, row.verdict) for row in rows(made, sheets)] == [
        ("memory_bandwidth", Verdict.REACHED),
        ("matrix_bf16", Verdict.REACHED),
        ("matrix_fp8", Verdict.SHORT),
    ]
    unknown = record_of(record, stream_at(3700), chip=None)
    assert [row.verdict for row in rows(unknown, sheets)] == [Verdict.UNRATED]


def test_of_each_figure_the_plain_form_stands_first_then_the_fastest(
    record: Record, sheets: Catalogue
) -> None:
    made = (
        product_at(141, label="mx"), product_at(120), product_at(125),
        product_at(146, label="fast"), product_at(147, decides=False),
        product_at(147, group="curve"), product_at(147, data="zeros"),
        stream_at(3600, label="copy"), stream_at(3700, "add", label="add"),
        product_at(200, figures=("matrix_fp8",), label="mxfp8"),
    )  # fmt: skip
    found = list(standing(rows(record_of(record, *made), sheets)))
    told = [
        [(row.title, round(row.measured.value / 1e12, 1)) for row in one if row.measured]
        for one in found
    ]
    assert told == [
        [("bf16 matrix", 125.0), ("bf16 matrix, fast", 146.0), ("bf16 matrix, mx", 141.0)],
        [("memory bandwidth, add", 3.7)],
        [("fp8 matrix, mxfp8", 200.0)],
    ]


def test_the_summary_speaks_of_the_best_stream_and_counts_nothing_implausible(
    record: Record, sheets: Catalogue
) -> None:
    made = record_of(
        record,
        stream_at(3700, "copy"),
        stream_at(3900, "read"),
        stream_at(9999, "triad"),
        product_at(100),
        product_at(2000, figures=("matrix_fp8",), dtype="fp8"),
        product_at(1, figures=("matrix_fp4",)),
    )
    assert summary(rows(made, sheets)) == [
        "Reached: memory bandwidth, read reaches 98% of paper (lowest stream: copy 92%).",
        "Short: bf16 matrix reaches 68% of paper.",
        "Implausible and not counted: memory bandwidth, triad, fp8 matrix.",
    ]


def test_a_slower_stream_of_another_verdict_says_why_it_does_not_count(
    record: Record, sheets: Catalogue
) -> None:
    """Copies were short in their rows, and no line beneath named them."""
    made = record_of(record, stream_at(3000, "copy"), stream_at(3900, "write"))
    assert summary(rows(made, sheets)) == [
        "Reached: memory bandwidth, write reaches 98% of paper (lowest stream: copy 75%).",
        "Of several streams the best counts: memory bandwidth, write.",
    ]


def test_another_form_that_is_short_has_a_line_though_the_best_reaches_the_figure(
    record: Record, sheets: Catalogue
) -> None:
    """The sustained load was short in its row, and the summary called the figure reached."""
    made = record_of(
        record, product_at(142), product_at(100, label="sustained", kernel="sustained"),
        stream_at(3900, "copy"), stream_at(3000, "read"),
        product_at(50, label="zeros", data="zeros"),
    )  # fmt: skip
    found = rows(made, sheets)
    named = "bf16 matrix, sustained at 4096 x 4096 x 8192 nt 68%"
    assert f"Other forms that are short: {named}." in summary(found)
    assert stream_words("memory_bandwidth", found) == "lowest stream: read 75.0%"
    assert stream_words("matrix_bf16", found) == ""


def test_very_many_other_forms_are_counted(record: Record, sheets: Catalogue) -> None:
    many = [product_at(100 - number, label=f"form {number}") for number in range(11)]
    told = summary(rows(record_of(record, product_at(142), *many), sheets))[1]
    assert told.startswith("Other forms that are short: bf16 matrix, form 0 68%, ")
    assert told.endswith(" and 3 more.")


def test_a_summary_lists_several_figures_of_one_verdict(record: Record, sheets: Catalogue) -> None:
    made = record_of(
        record, stream_at(3900), product_at(142), product_at(290, figures=("matrix_fp8",))
    )
    assert summary(rows(made, sheets)) == [
        "Reached: memory bandwidth, copy reaches 98% of paper, bf16 matrix 96%, fp8 matrix 98%."
    ]


def test_nothing_measured_has_no_summary() -> None:
    assert summary([]) == []


def test_the_report_says_which_rival_a_rate_rules_out(record: Record, sheets: Catalogue) -> None:
    made = record_of(record, product_at(142.3))
    (cells,) = build(made, rows(made, sheets), sheets)[0].cells
    achieved = cells[4]
    assert "of rival 74 TFLOP/s, which it rules out" in achieved
    assert "of rival 147 TFLOP/s [" in achieved
    slow = record_of(record, product_at(70.0))  # the sheet refutes 74 TFLOP/s, whatever is measured
    (cells,) = build(slow, rows(slow, sheets), sheets)[0].cells
    assert "of rival 74 TFLOP/s, refuted [" in cells[4]


def test_the_report_lets_an_implausible_rate_rule_nothing_out(
    record: Record, sheets: Catalogue
) -> None:
    made = record_of(record, product_at(500))
    (cells,) = build(made, rows(made, sheets), sheets)[0].cells
    assert "rival" not in cells[4]
    assert cells[5].startswith("implausible: 337.8% of the published peak")
