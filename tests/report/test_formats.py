"""Each format of a report: what it escapes, what it holds, what fits."""

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest

from bench.chips.load import Catalogue
from bench.files.spreadsheet import FORMULA
from bench.judging.verdict import rows
from bench.report.chips.listing import listing
from bench.report.chips.sheet import sheet
from bench.report.formats import github, latex, plain
from bench.report.record.summary import summary
from bench.report.registry import render, render_report
from bench.report.table import Section, Table
from bench.report.text.markup import Report, one_line
from bench.report.text.wrap import width_of
from tests.report.cases import HOSTILE, MEASUREMENTS, RECORD, SHEETS


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


@pytest.mark.parametrize("style", ["github", "plain", "html", "latex", "terminal"])
def test_a_section_without_rows_has_its_words_and_no_header(style: str) -> None:
    bare = Section("Part", ("head",), (), [], ("Nothing to show.",))
    shown = render_report(style, Report(Table("t", (), ("a",), (("1",),), (), ()), [], (bare,)))
    assert ["Part" in shown, "Nothing to show." in shown, "head<" in shown] == [True, True, False]
    assert not re.search(r"^\W*head\W*$", shown, re.MULTILINE)


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
    assert set(document) == {
        "title", "heading", "rows", "tables", "summary", "notes", "onpaper",
    }  # fmt: skip
    assert set(document["tables"]) == {"identity", "What the inputs do"}
    assert document["summary"] == summary(rows(RECORD, SHEETS))


def test_no_csv_cell_is_a_formula() -> None:
    cells = [cell for row in parsed() for cell in row.values()]
    assert {cell[0] for cell in cells if cell}.isdisjoint(FORMULA)
    assert parsed()[0]["device"].startswith("'=1+1 <script>")
    assert parsed()[9]["reason"].startswith("'@SUM(A1)")


def test_plain_fits_a_terminal_though_a_text_has_no_blanks() -> None:
    """Chinese is written without, and each of its characters takes two columns."""
    long = "在持续负载下测得的矩阵乘法速率低于规格表所列的峰值" * 6
    columns, cells = ("figure", "note", "unit"), ((long, long, "TFLOP/s"),)
    table = Table(f"Title {long}", (long,), columns, cells, (long,), (long,))
    lines = render_report("plain", Report(table, [])).splitlines()
    assert max(map(width_of, lines)) <= plain.WIDTH
    assert "".join(lines).replace(" ", "").startswith(f"Title{long}")


def test_plain_leaves_addresses_whole() -> None:
    address = f"https://example.test/{'path/' * 40}"
    table = Table("Title", (), ("figure", "source"), (("a", address),), (), (f"[1] {address}",))
    assert render_report("plain", Report(table, [])).count(address) == 2


def test_plain_fits_a_terminal_but_for_addresses() -> None:
    wide = [line for line in render(RECORD, SHEETS, "plain").splitlines() if len(line) > 120]
    assert [line for line in wide if "https://" not in line] == []


def test_every_shipped_sheet_fits_a_terminal(sheets: Catalogue) -> None:
    texts = [
        render_report("plain", sheet(chip, sheets)) for chip in list(sheets.chips.values())[::10]
    ]
    texts.append(render_report("plain", listing(sheets.chips.values(), sheets)))
    lines = [line for text in texts for line in text.splitlines() if "http" not in line]
    assert max(map(len, lines)) <= plain.WIDTH


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
    page = render(RECORD, SHEETS, "html", sources=True)
    read = Tags(page)
    expected = "html head meta title style body h1 p div table thead tr th tbody td h2 ul ol li a"
    assert read.tags == set(expected.split())
    assert read.attributes == {
        "lang", "charset", "http-equiv", "content", "name", "class", "scope", "data-label", "href",
    }  # fmt: skip
    assert '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'' in page
    assert re.findall(r"url\(|@import", page) == []
    assert one_line(HOSTILE) + " compared with the sheet test-h20" in read.words


def test_html_says_the_summary_before_the_table_and_marks_verdicts() -> None:
    page = render(RECORD, SHEETS, "html")
    assert page.index("<h2>Summary</h2>") < page.index("<table>") < page.index("<h2>Sources")
    assert '<td data-label="verdict and reason">✓ reached: ' in page
    assert '<td data-label="verdict and reason">! implausible: ' in page
    assert '<td data-label="verdict and reason">unrated: ' in page
    assert page.split("</table>")[0].count("<td data-label=") == 7 * len(MEASUREMENTS)
    assert "@media(max-width:600px)" in page


def test_html_leaves_out_what_is_empty(sheets: Catalogue) -> None:
    page = render_report("html", listing(list(sheets.chips.values())[:2], sheets))
    assert "<h2>" not in page
