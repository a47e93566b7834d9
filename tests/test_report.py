"""One record written out by hand, rendered in every format, beside golden files.

After a wanted change: ``ONPAPER_GOLDEN=write python -m pytest tests/test_report.py``, then read
the difference before it is committed.
"""

import csv
import io
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Chip, Source
from bench.rates import Interval
from bench.records.model import (
    Check,
    Conditions,
    DeviceInfo,
    Identity,
    Machine,
    Measurement,
    Program,
    Record,
    Stats,
    Stopped,
    Timing,
    Work,
)
from bench.report import github, latex, plain
from bench.report.digits import beside, percent, with_interval
from bench.report.listing import listing
from bench.report.markup import one_line
from bench.report.registry import FORMATS, render, set_in
from bench.report.sheet import sheet
from bench.report.summary import summary
from bench.report.table import build
from bench.spreadsheet import FORMULA
from bench.units import Dimension
from bench.verdict import Verdict, rows

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "=1+1 <script>alert(1)</script> | `H20` & co_ 100%\n\x1b[31m*red*\u202e [x](http://e.il)"
REASON = '@SUM(A1)\t"quoted" \\input{x} #$^~ <img src=x onerror=alert(1)> | _end_'


def source(title: str, kind: str, weak: str | None = None) -> Source:
    """A source as the shipped list holds it."""
    return Source.model_validate(
        {
            "url": f"https://example.org/{kind}/a_b_c.html",
            "kind": kind,
            "title": title,
            "accessed": "2026-11-01",
            "weak": weak,
        }
    )


H20 = Chip.model_validate(
    {
        "id": "test-h20",
        "name": "Test H20",
        "vendor": "nvidia",
        "kind": "gpu",
        "status": "sold",
        "tier": "export",
        "architecture": "Hopper",
        "figures": {
            "matrix_bf16": {
                "value": "148 TFLOP/s",
                "source": "leak",
                "basis": "inferred",
                "rivals": [
                    {"value": "147 TFLOP/s", "source": "maker", "basis": "inferred"},
                    {
                        "value": "74 TFLOP/s",
                        "source": "wiki",
                        "basis": "halved",
                        "note": "reads 148 as a rate with sparsity",
                    },
                ],
                "why": "measured",
            },
            "matrix_fp16": {"value": "148 TFLOP/s", "source": "leak", "basis": "halved"},
            "matrix_tf32": {"value": "74 TFLOP/s", "source": "leak", "basis": "inferred"},
            "matrix_fp64": {"value": "1 TFLOP/s", "source": "wiki", "basis": "unspecified"},
            "matrix_int8": {"value": "296 TOP/s", "source": "leak", "basis": "inferred"},
            "matrix_fp8": {"value": "unsupported", "source": "maker"},
            "vector_fp32": {"value": "44 TFLOP/s", "source": "maker", "basis": "dense"},
            "memory_bandwidth": {"value": "4000 GB/s", "source": "maker"},
        },
    }
)
CPU = Chip.model_validate(
    {
        "id": "test-cpu",
        "name": "Test CPU",
        "vendor": "intel",
        "kind": "cpu",
        "status": "sold",
        "tier": "global",
        "architecture": "a core",
        "figures": {"cycle_fp32": {"value": "64 FLOP/cycle", "source": "maker"}},
    }
)
SHEETS = Catalogue(
    chips={"test-h20": H20, "test-cpu": CPU},
    sources={
        "leak": source("A <b>leaked</b> sheet & 50% of_it", "press", "a leak"),
        "maker": source("The maker's page", "vendor-statement"),
        "wiki": source("A | wiki", "database", "anybody writes it"),
    },
)


def timing(median: float, low: float, high: float, burst: float) -> Timing:
    """Samples whose statistics are given, not worked out."""
    return Timing(
        batch_calls=2,
        samples_s=(median, low, high),
        at_s=(0.0, 1.0, 2.0),
        warmup_s=0.5,
        stats=Stats(
            median_s=median,
            low_s=low,
            high_s=high,
            level=0.95,
            burst_s=burst,
            burst_window_s=0.02,
            samples=3,
            effective_samples=2.5,
        ),
        stopped=Stopped(reason="converged", precision=0.004, wanted=0.01),
    )


def product(
    dtype: str, figures: tuple[str, ...], flop: float, time: Timing, data: str = "normal"
) -> Measurement:
    """A matrix product of 4096 x 8192 x 16384."""
    return Measurement(
        kernel="gemm",
        dtype=dtype,
        data=data,
        figures=figures,
        status="ok",
        parameters={"m": 4096, "n": 8192, "k": 16384, "layout": "nt"},
        work=Work(flop=flop, bytes=1e9, footprint_bytes=1e9, formula="2 m n k"),
        check=Check(passed=True, error=1e-4, tolerance=1e-2, shape="64 x 64 x 64"),
        timing=time,
    )


def stream(name: str, footprint: float, time: Timing, conditions: Conditions) -> Measurement:
    """A memory stream that moves 8 GB."""
    return Measurement(
        kernel="memory",
        dtype="fp32",
        data="normal",
        figures=("memory_bandwidth",),
        status="ok",
        parameters={"stream": name, "elements": 1000, "way": "torch"},
        work=Work(flop=0.0, bytes=8e9, footprint_bytes=footprint, formula="bytes"),
        timing=time,
        conditions=conditions,
    )


STEADY = Conditions()
HOT = Conditions(throttle=("hardware thermal slowdown",), steal_fraction=0.05)
MEASUREMENTS = (
    stream("triad", 8 * 2**30, timing(2.1e-3, 2.09e-3, 2.11e-3, 2.05e-3), STEADY),
    stream("copy", 64 * 2**20, timing(1e-3, 0.99e-3, 1.01e-3, 0.98e-3), STEADY),
    stream("read", 8 * 2**30, timing(2.5e-3, 2.4e-3, 2.6e-3, 2.3e-3), HOT),
    product("bf16", ("matrix_bf16",), 1.2e12, timing(1e-2, 0.995e-2, 1.01e-2, 0.99e-2)),
    product("fp16", ("matrix_fp16",), 1.33e12, timing(1e-2, 0.95e-2, 1.05e-2, 0.94e-2)),
    product("tf32", ("matrix_tf32",), 8e11, timing(1e-2, 1e-2, 1e-2, 1e-2)),
    product("fp64", ("matrix_fp64",), 9.97e11, timing(1.0, 0.999, 1.001, 0.99)),
    product("fp32", ("matrix_fp32", "vector_fp32"), 4e11, timing(1e-2, 0.99e-2, 1.01e-2, 0.98e-2)),
    product("fp8", ("matrix_fp8",), 2e12, timing(1e-2, 0.99e-2, 1.01e-2, 0.98e-2)),
    Measurement(
        kernel="gemm",
        dtype="int8",
        data="normal",
        figures=("matrix_int8",),
        status="failed",
        reason=REASON,
    ),
    Measurement(
        kernel="gemm",
        dtype="tf32",
        data="normal",
        figures=("matrix_tf32",),
        status="skipped",
        reason="no tf32 on this device",
    ),
)
ON_ZEROS = product(
    "fp16", ("matrix_fp16",), 1.4e12, timing(1e-2, 0.99e-2, 1.01e-2, 0.98e-2), "zeros"
)
"""The one row that stands in no table but that of what the inputs do."""


def record(device: DeviceInfo, chip: str, *measurements: Measurement) -> Record:
    """A record of literal values: the same bytes on every machine and day."""
    return Record(
        id="20261124-120000-test-abcdef",
        started_utc="2026-11-24T12:00:00+00:00",
        state="interrupted",
        program=Program(version="9.8.7"),
        suite="quick",
        machine=Machine(system="Linux", kernel="6.1", python="3.11.9", torch="2.9.0"),
        device=device,
        identity=Identity(
            state="chosen", chip=chip, reasons=(f"chosen with chip={chip}", HOSTILE), near=("h2o",)
        ),
        measurements=measurements,
    )


RECORD = record(
    DeviceInfo(
        backend="cuda", name=HOSTILE, units=78, llc_bytes=60 * 2**20, limits=("a quota of 50%",)
    ),
    "test-h20",
    *MEASUREMENTS,
    ON_ZEROS,
)
DERIVED = record(
    DeviceInfo(backend="cpu", name="A CPU", units=4, clock_measured_hz=3e9),
    "test-cpu",
    product("fp32", ("vector_fp32",), 7e9, timing(1e-2, 0.99e-2, 1.01e-2, 0.98e-2)),
)


def beside_golden(text: str, name: str) -> None:
    """Holds ``text`` against a golden file, or writes the file if the environment says so."""
    path = GOLDEN / name
    if os.environ.get("ONPAPER_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8", newline="")
    with path.open(encoding="utf-8", newline="") as file:
        assert text == file.read()


@pytest.mark.parametrize("style", FORMATS)
def test_a_record_is_rendered_as_its_golden_file(style: str) -> None:
    beside_golden(render(RECORD, SHEETS, style), f"report.{style}")


def test_a_derived_peak_shows_how_it_was_worked_out() -> None:
    beside_golden(render(DERIVED, SHEETS, "github"), "derived.github")


def test_the_fixed_record_holds_every_verdict() -> None:
    assert {row.verdict for row in rows(RECORD, SHEETS)} == set(Verdict)


@pytest.mark.parametrize("style", FORMATS)
def test_no_character_that_a_terminal_obeys_is_printed(style: str) -> None:
    text = render(RECORD, SHEETS, style)
    assert [one for one in text if not one.isprintable() and one != "\n"] == []


# github


def unescaped(text: str, sign: str) -> int:
    """How often ``sign`` stands in ``text`` without a backslash before it."""
    return len(re.findall(rf"(?<!\\)(?:\\\\)*{re.escape(sign)}", text))


def test_every_line_of_the_github_table_has_the_same_cells() -> None:
    blocks = [block.splitlines() for block in render(RECORD, SHEETS).split("\n\n")]
    tables = [lines for lines in blocks if lines[0].startswith("|")]
    told = [({unescaped(line, "|") for line in lines}, len(lines)) for lines in tables]
    assert told[0] == ({8}, 2 + len(MEASUREMENTS))
    assert [cells for cells, _ in told[1:]] == [{6}, {5}]


def test_github_text_carries_no_markup_of_others() -> None:
    text = render(RECORD, SHEETS)
    assert [unescaped(text, sign) for sign in ("<", "`", "~", "](")] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a|b", r"a\|b"),
        ("`code`", r"\`code\`"),
        ("*bold* _it_", r"\*bold\* \_it\_"),
        ("https://e.org/a_b_c", "https://e.org/a_b_c"),
        ("<script>", r"\<script>"),
        ("AT&T &amp; co", r"AT&T \&amp; co"),
        ("[x](http://y)", r"[x]\(http://y)"),
        ("4000 GB/s [1]", "4000 GB/s [1]"),
        ("a\\b", r"a\\b"),
    ],
)
def test_markdown_is_escaped_and_addresses_are_left_whole(text: str, escaped: str) -> None:
    assert github.escape(text) == escaped


# csv and json


def parsed() -> list[dict[str, str]]:
    """The CSV as a program reads it."""
    return list(csv.DictReader(io.StringIO(render(RECORD, SHEETS, "csv"), newline="")))


def test_csv_holds_si_values() -> None:
    row = parsed()[3]
    told = {key: row[key] for key in ("dtype", "unit", "published", "published_basis", "verdict")}
    assert told == {
        "dtype": "bf16",
        "unit": "FLOP/s",
        "published": "148000000000000.0",
        "published_basis": "inferred",
        "verdict": "short",
    }
    assert float(row["measured"]) == pytest.approx(120e12)
    assert float(row["measured_low"]) == pytest.approx(1.2e12 / 1.01e-2)
    assert float(row["measured_high"]) == pytest.approx(1.2e12 / 0.995e-2)
    assert float(row["burst"]) == pytest.approx(1.2e12 / 0.99e-2)
    assert float(row["achieved"]) == pytest.approx(120 / 148)


def test_json_holds_the_rows_of_the_csv() -> None:
    document = json.loads(render(RECORD, SHEETS, "json"))
    as_text = [
        {key: "" if value is None else str(value) for key, value in row.items()}
        for row in document["rows"]
    ]
    names = document["rows"][0]
    assert as_text == [
        {key: value.removeprefix("'") for key, value in row.items() if key in names}
        for row in parsed()
    ]


def test_json_holds_the_words_of_the_table() -> None:
    document = json.loads(render(RECORD, SHEETS, "json"))
    assert set(document) == {"title", "heading", "rows", "tables", "summary", "notes"}
    assert set(document["tables"]) == {"identity", "What the inputs do"}
    assert document["summary"] == summary(rows(RECORD, SHEETS))


def test_no_csv_cell_is_a_formula() -> None:
    cells = [cell for row in parsed() for cell in row.values()]
    assert {cell[0] for cell in cells if cell}.isdisjoint(FORMULA)
    assert parsed()[0]["device"].startswith("'=1+1 <script>")
    assert parsed()[9]["reason"].startswith("'@SUM(A1)")


# plain


def test_plain_fits_a_terminal_but_for_addresses() -> None:
    wide = [line for line in render(RECORD, SHEETS, "plain").splitlines() if len(line) > 120]
    assert [line for line in wide if "https://" not in line] == []


def test_every_shipped_sheet_fits_a_terminal(sheets: Catalogue) -> None:
    texts = [set_in("plain", sheet(chip, sheets)) for chip in list(sheets.chips.values())[::10]]
    texts.append(set_in("plain", listing(sheets.chips.values(), sheets)))
    lines = [line for text in texts for line in text.splitlines() if "http" not in line]
    assert max(map(len, lines)) <= plain.WIDTH


def test_narrow_columns_are_left_as_wide_as_they_are() -> None:
    assert plain.widths(("a", "bb"), [("xxx", "y"), ("x", "yyyy")]) == [3, 4]


def test_a_wide_column_gives_way_and_the_first_does_not() -> None:
    assert plain.widths(("name", "text"), [("n" * 40, "word " * 60)]) == [40, 78]


# latex


def test_latex_rows_have_the_columns_of_the_tabular_and_no_bare_sign() -> None:
    text = render(RECORD, SHEETS, "latex")
    tables = re.findall(r"\\begin\{tabular\}\{(l+)\}(.*?)\\end\{tabular\}\n", text, re.DOTALL)
    assert [len(columns) for columns, _ in tables] == [7, 5, 4]
    for columns, body in tables:
        lines = [line for line in body.splitlines()[1:] if line != "\\hline"]
        assert {unescaped(line.removesuffix("\\\\"), "&") + 1 for line in lines} == {len(columns)}
        assert [sign for sign in "%$#_^~" if unescaped("".join(lines), sign)] == []
        assert unescaped(body, "{") == unescaped(body, "}")
        text = text.replace(f"\\begin{{tabular}}{{{columns}}}{body}\\end{{tabular}}\n", "")
    assert [line for line in text.splitlines() if not line.startswith("% ")] == []


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("50% & more_", r"50\% \& more\_"),
        ("a\\b{c}", r"a\textbackslash{}b\{c\}"),
        ("1–2", "1--2"),
        ("[1] first", "{}[1] first"),
        ("4000 GB/s [1]", "4000 GB/s [1]"),
        ("<a|b>", r"\textless{}a\textbar{}b\textgreater{}"),
        ("#$^~", r"\#\$\textasciicircum{}\textasciitilde{}"),
    ],
)
def test_latex_is_escaped(text: str, escaped: str) -> None:
    assert latex.escape(text) == escaped


# html


class Tags(HTMLParser):
    """Collects tags, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_html_is_escaped_and_asks_nothing_of_the_network() -> None:
    page = render(RECORD, SHEETS, "html")
    read = Tags(page)
    expected = "html head meta title style body h1 p div table thead tr th tbody td h2 ul ol li a"
    assert read.tags == set(expected.split())
    assert read.attributes == {
        "lang", "charset", "http-equiv", "content", "name", "class", "scope", "data-label", "href",
    }  # fmt: skip
    assert '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'' in page
    assert re.findall(r"url\(|@import", page) == []
    assert one_line(HOSTILE) + " beside the sheet test-h20" in read.words


def test_html_says_the_summary_before_the_table_and_marks_verdicts() -> None:
    page = render(RECORD, SHEETS, "html")
    assert page.index("<h2>Summary</h2>") < page.index("<table>") < page.index("<h2>Sources")
    assert '<td data-label="verdict and reason">✓ reached: ' in page
    assert '<td data-label="verdict and reason">! implausible: ' in page
    assert '<td data-label="verdict and reason">unrated: ' in page
    assert page.split("</table>")[0].count("<td data-label=") == 7 * len(MEASUREMENTS)
    assert "@media(max-width:600px)" in page


def test_html_leaves_out_what_is_empty(sheets: Catalogue) -> None:
    page = set_in("html", listing(list(sheets.chips.values())[:2], sheets))
    assert "<h2>" not in page


# sources


def marks(texts: list[str]) -> list[int]:
    """The numbers of the footnote marks in texts, in order of first use."""
    return list(dict.fromkeys(int(one) for text in texts for one in re.findall(r"\[(\d+)\]", text)))


def test_every_mark_of_a_report_has_its_note_and_every_note_its_mark() -> None:
    table, _ = build(RECORD, rows(RECORD, SHEETS), SHEETS)
    used = marks([cell for row in table.cells for cell in row])
    assert used == list(range(1, len(table.notes) + 1))
    assert [note.split(" ")[0] for note in table.notes] == [f"[{number}]" for number in used]
    assert len(set(table.notes)) == 4


def test_every_mark_of_every_sheet_has_its_note_and_every_note_its_mark(sheets: Catalogue) -> None:
    for chip in sheets.chips.values():
        table = sheet(chip, sheets).table
        numbers = list(range(1, len(table.notes) + 1))
        assert marks([row[column] for row in table.cells for column in (1, 3)]) == numbers, chip.id
        assert [note.split(" ")[0] for note in table.notes] == [f"[{one}]" for one in numbers]


def test_what_a_sheet_says_of_its_own_figure_is_a_footnote() -> None:
    doubt = "needs more than 78 SMs can give"
    figures = dict(H20.figures)
    figures["matrix_fp64"] = figures["matrix_fp64"].model_copy(update={"note": "which unit?"})
    chip = H20.model_copy(update={"explained": {"vector_fp32": doubt}, "figures": figures})
    sheets = Catalogue(chips={"test-h20": chip}, sources=SHEETS.sources)
    table, _ = build(RECORD, rows(RECORD, sheets), sheets)
    for title, words in (("fp32 vector", doubt), ("fp64 matrix", "which unit?")):
        (cell,) = [row[1] for row in table.cells if row[0] == title]
        (note,) = [note for note in table.notes if note.endswith(f"The sheet says: {words}")]
        assert cell.endswith(note.split(" ")[0])


def test_an_inferred_figure_says_so() -> None:
    table, _ = build(RECORD, rows(RECORD, SHEETS), SHEETS)
    told = {row[0]: row[1] for row in table.cells}
    assert told["bf16 matrix"].startswith("148 TFLOP/s (inferred) [")
    assert told["fp32 vector"].startswith("44 TFLOP/s [")


def test_what_was_measured_has_the_unit_of_what_is_published() -> None:
    table, _ = build(RECORD, rows(RECORD, SHEETS), SHEETS)
    triad, fp64 = table.cells[0], table.cells[6]
    assert (triad[2], triad[3]) == ("3,810 GB/s (3,791–3,828)", "3,902 GB/s")
    assert fp64[2] == "0.9970 TFLOP/s (0.9960–0.9980)"


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("running", "The run did not finish: what was measured until then is shown."),
        ("interrupted", "The run is interrupted: what was measured until then is shown."),
    ],
)
def test_a_run_that_did_not_end_says_so(state: str, line: str) -> None:
    ended = RECORD.model_copy(update={"state": state})
    assert build(ended, rows(ended, SHEETS), SHEETS)[0].heading[-1] == line


# numbers and sentences


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
        ((0.00123, 0.0012, 0.0013), "0.1% (0.1–0.1)"),
    ],
)
def test_a_share_has_a_decimal_only_where_the_interval_bears_it(
    interval: tuple[float, float, float], text: str
) -> None:
    assert percent(Interval(*interval)) == text


def test_the_summary_says_what_of_paper_is_reached_and_counts_nothing_implausible() -> None:
    assert summary(rows(RECORD, SHEETS)) == [
        "Reached: memory bandwidth, triad reaches 95% of paper, fp64 matrix 100%, fp32 vector 91%.",
        "Short: bf16 matrix reaches 81% of paper.",
        "Undecided: fp16 matrix reaches 90% of paper.",
        "Implausible and not counted: memory bandwidth, copy, tf32 matrix.",
    ]


def test_the_margin_moves_the_line() -> None:
    told = [rows(RECORD, SHEETS, margin)[3].verdict for margin in (0.1, 0.19, 0.2)]
    assert told == [Verdict.SHORT, Verdict.UNDECIDED, Verdict.REACHED]


# sheets


@pytest.mark.parametrize("style", FORMATS)
def test_a_sheet_and_the_list_are_set_in_every_format(style: str, sheets: Catalogue) -> None:
    chip = sheets.find("h20")
    assert "148" in set_in(style, sheet(chip, sheets))
    assert chip.id.replace("_", r"\_") in set_in(style, listing(sheets.chips.values(), sheets))


def test_a_sheet_as_csv_holds_first_figures_and_rivals() -> None:
    text = set_in("csv", sheet(H20, SHEETS))
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    told = [(row["value"], row["stands"]) for row in read if row["figure"] == "matrix_bf16"]
    assert told == [
        ("148000000000000.0", "first"),
        ("147000000000000.0", "rival"),
        ("74000000000000.0", "rival"),
    ]
