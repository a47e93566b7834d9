"""The verification report: what it says is what the record says, and nothing of it is obeyed."""

import io
import json
import re
from html import escape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pypdf
import pytest

from bench import paths
from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.claims.sensitivity import bench_of
from bench.measure import loop
from bench.measure.stats import LEVEL
from bench.records.model import Record
from bench.records.store import read
from bench.report.digits import percent, with_interval
from bench.report.evidence import usual
from bench.rules.load import rulebook
from bench.theory.tpp import tpp
from bench.verdict import RATED, Verdict, rows
from bench.verification import html, pdf, screen
from bench.verification.anomalies import anomalies
from bench.verification.asked import asked_blocks
from bench.verification.case import Case
from bench.verification.document import (
    Blanks,
    Document,
    Facts,
    Heading,
    Items,
    Paragraph,
    Plate,
    Table,
    cleaned,
    clipped,
)
from bench.verification.finding import finding
from bench.verification.method import METHODS
from bench.verification.plan import Asked
from bench.verification.plates import plates
from bench.verification.record import record_document

SHIPPED = paths.data_dir("results") / "records" / "2026-11-26"
H200 = SHIPPED / "h200-sxm-full.json"
GENOA = SHIPPED / "epyc-genoa-2-cores-standard.json"
SHA = "ab" * 32
SECTIONS = (
    "Finding", "Identity of the device", "What was tested, and how", "Conditions",
    "Published beside measured", "Quantities an export verification may ask for", "Anomalies",
    "Software", "Integrity", "Further measurements", "Sources and notes", "Limits of the test",
    "Signature",
)  # fmt: skip
HOSTILE = (
    "<script>alert(1)</script>", "\" onload=\"x", "javascript:alert(1)", "\x1b[31m\x00\x07\u202e",
    "寒武纪 思元590", "{{7*7}} ${jndi:x} %s", "&lt;b&gt;", "a\nb\r\nc", "[1] [2] [99]",
    "x" * 10_000, "word " * 2_000,
)  # fmt: skip


def case_of(record: Record, sheets: Catalogue, margin: float = 0.1) -> Case:
    """A record with the shipped sheets and rules."""
    return Case(record, SHA, sheets, rulebook(), margin)


@pytest.fixture(scope="module")
def h200(sheets: Catalogue) -> Case:
    """The richest record there is."""
    return case_of(read(H200), sheets)


@pytest.fixture(scope="module")
def document(h200: Case) -> Document:
    """Its report."""
    return record_document(h200)


@pytest.fixture(scope="module")
def page(document: Document) -> str:
    """Its page."""
    return html.render(document)


@pytest.fixture(scope="module")
def book(document: Document) -> pypdf.PdfReader:
    """Its PDF, read back."""
    return pypdf.PdfReader(io.BytesIO(pdf.render(document)))


def table(document: Document, key: str) -> Table:
    """The table with a key."""
    return next(one for one in document.blocks if isinstance(one, Table) and one.key == key)


def texts(document: Document) -> list[str]:
    """Every text of a document."""
    found = []
    for one in document.blocks:
        match one:
            case Heading() | Paragraph():
                found.append(one.text)
            case Facts():
                found += [text for pair in one.pairs for text in pair]
            case Items():
                found += one.lines
            case Table():
                found += [one.caption, *one.columns, *(cell for row in one.cells for cell in row)]
            case Plate():
                found += [one.title, one.caption]
            case Blanks():
                found += one.labels
    return found


def words(book: pypdf.PdfReader) -> str:
    """The text of a PDF without its breaks of lines."""
    return " ".join(" ".join(one.extract_text() for one in book.pages).split())


class Page(HTMLParser):
    """What a browser makes of a page: its elements, its headings, its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "path", "use", "rect", "line"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of a name."""
        return [attrs for name, attrs in self.tags if name == tag]


# what it says


def test_the_sections_come_in_their_order(document: Document) -> None:
    found = [one.text for one in document.blocks if isinstance(one, Heading) and one.level == 2]
    assert tuple(found) == SECTIONS


def test_every_rated_number_is_that_of_the_verdict(h200: Case, page: str) -> None:
    judged = [one for one in rows(h200.record, h200.catalogue, 0.1) if one.verdict in RATED]
    assert len(judged) > 15
    for row in judged:
        assert row.measured
        assert row.fraction
        text = getattr(row.published, "text", "")
        assert with_interval(row.measured, row.dimension, text) in page
        assert percent(row.fraction) in page
        assert f"{row.verdict.value}: " in page
    flat = table(record_document(h200), "figures").flat
    by_place = {(one["figure"], one["label"], one["parameters"]): one for one in flat}
    assert len(by_place) == len(flat)
    assert {one["measured"] for one in flat if one["measured"]} >= {
        row.measured.value for row in judged if row.measured and not row.measurement.group
    }


def test_the_finding_counts_each_figure_once_by_its_best_row(h200: Case) -> None:
    judged = [one for one in h200.judged if one.verdict in RATED and one.fraction]
    best: dict[str, tuple[float, Verdict]] = {}
    for row in judged:
        assert row.fraction
        best[row.key] = max(
            best.get(row.key, (0.0, row.verdict)), (row.fraction.value, row.verdict)
        )
    told = next(one.text for one in record_document(h200).blocks if isinstance(one, Paragraph))
    counts = [sum(verdict is one for _, verdict in best.values()) for one in RATED]
    parts = ", ".join(f"{n} {one.value}" for n, one in zip(counts, RATED, strict=True))
    assert told.startswith(f"Of {len(best)} published figures put to the test, {parts}, at")


def test_what_others_usually_reach_stands_beside_every_figure(h200: Case) -> None:
    made = table(record_document(h200), "figures")
    place = made.columns.index("others usually")
    bench = bench_of()
    for one, cells in zip(made.flat, made.cells, strict=True):
        told = usual(str(one["figure"]), bench, str(one["chip"]))
        assert one["others_usually"] == told
        assert cells[place].startswith(f"{told:.0%} (" if told else "–")
    assert sum(one["others_usually"] is not None for one in made.flat) > 10


def test_the_finding_counts_the_short_figures_that_are_short_as_usual(h200: Case) -> None:
    bench, within, below = bench_of(), 0, set()
    for row in h200.of(Verdict.SHORT):
        told = usual(row.key, bench, h200.chip.id if h200.chip else "")
        assert told
        assert row.burst
        assert row.measured
        assert row.fraction
        reached = row.burst / (row.measured.value / row.fraction.value)
        within += reached >= 0.9 * told
        if reached < 0.9 * told:
            below.add(row.key)
    said = finding(h200)
    short = len(h200.of(Verdict.SHORT))
    assert below
    assert within
    assert f"Of the {short} short, {within} lie within what other chips usually reach" in said
    assert f", {len(below)} below it: " in said
    for key in below:
        assert FIGURES[key].title in said.partition("below it: ")[2]


def test_the_margin_is_heard(h200: Case) -> None:
    wide = case_of(h200.record, h200.catalogue, 0.5)
    assert len(wide.of(Verdict.REACHED)) > len(h200.of(Verdict.REACHED))
    told = texts(record_document(wide))
    assert any("at a margin of 50%" in one for one in told)
    assert any("at or above 50%" in one for one in told)


def test_the_method_in_words_is_the_one_that_measures() -> None:
    told = " ".join(METHODS[1])
    for number in (
        f"windows of {loop.SETTLE_WINDOW} samples", f"within {loop.SETTLED:.0%}",
        f"{loop.WARMUP_SHARE:.0%} of the time", f"{loop.MIN_SAMPLES} samples or more",
        f"time is spent, with {loop.LEAST_SAMPLES} or more", f"{LEVEL:.0%} interval",
    ):  # fmt: skip
        assert number in told


def test_a_method_that_is_not_known_is_not_described(sheets: Catalogue, record: Record) -> None:
    later = record.model_copy(update={"method_version": 99})
    told = texts(record_document(case_of(later, sheets)))
    assert not set(METHODS[1]) & set(told)
    assert any("version 99, which this program does not describe" in one for one in told)


def test_hashes_and_sources_are_those_of_the_record(h200: Case, page: str) -> None:
    assert h200.chip
    assert SHA in page
    assert str(h200.record.identity.sheet_sha256) in page
    source = h200.catalogue.sources[h200.chip.figures["matrix_bf16"].source]
    assert f'<a href="{source.url}">' in page
    assert 'href="#note-1"' in page
    assert 'id="note-1"' in page


def test_a_sheet_that_has_changed_since_is_said(sheets: Catalogue, record: Record) -> None:
    identity = record.identity.model_copy(update={"sheet_sha256": "0" * 64})
    old = case_of(record.model_copy(update={"identity": identity}), sheets)
    assert any(one.startswith("not the same: ") for one in texts(record_document(old)))
    assert "other sheet" in {one.kind for one in anomalies(old)}
    unchanged = texts(record_document(case_of(record, sheets)))
    assert "the same: the sheet has not changed since" in unchanged


def test_the_rule_speaks_for_itself_and_its_unread_list_is_said(document: Document) -> None:
    told = " ".join(texts(document))
    rule = rulebook().rules["US-2026-CASE-BY-CASE"]
    assert rule.conditions["third_party_test"].strip() in told
    assert "The list of quantities that the laboratory measures was not read." in told


# TPP is worked out of published rates alone


def test_tpp_stands_in_no_table_with_anything_measured(document: Document) -> None:
    holding = [
        one for one in document.blocks
        if isinstance(one, Table) and any("TPP" in text or "processing performance" in text for text
                                          in (one.caption, *one.columns, *sum(one.cells, ())))
    ]  # fmt: skip
    assert [one.key for one in holding] == ["published"]
    for one in holding:
        assert "measured" not in " ".join((one.caption, *one.columns, *sum(one.cells, ())))


def test_every_sentence_with_tpp_is_of_the_sheet_or_of_the_rule(document: Document) -> None:
    lines = [one.text for one in document.blocks if isinstance(one, Paragraph)]
    for line in (one for one in lines if "TPP" in one):
        assert line.startswith("Published (from the sheet): TPP")
        assert not re.search(r"measured|achieved", line)


def test_tpp_is_the_one_of_the_sheet_and_none_of_a_measured_rate(h200: Case) -> None:
    assert h200.chip
    told = " ".join(texts(record_document(h200)))
    claimed = tpp(h200.chip, h200.catalogue)
    assert f"TPP {claimed.value:,.0f}" in told
    for row in h200.judged:
        bits = {"fp8": 8, "bf16": 16, "fp16": 16, "int8": 8, "tf32": 19}
        if row.measured and row.key.startswith("matrix_"):
            for value in (row.measured.value, row.measured.low, row.measured.high, row.burst or 0):
                product = value / 1e12 * bits.get(row.measurement.dtype, 0)
                assert not product or f"{product:,.0f}" not in told


def test_what_was_not_measured_says_which_suite_does(sheets: Catalogue, record: Record) -> None:
    blocks = asked_blocks(case_of(record, sheets))
    asked = next(one for one in blocks if isinstance(one, Table) and one.key == "asked")
    named = {row[0]: row for row in asked.cells}
    assert named["memory (DRAM) capacity"][1] == "not measured in this record"
    assert named["memory (DRAM) capacity"][-1] == "run suite=memory"
    assert named["link to the host (PCIe)"][-1] == "run suite=links"
    assert named["dense products, fp8 matrix"][-1] == "run suite=full"
    bandwidth = next(row for name, row in named.items() if "DRAM) bandwidth" in name)
    assert "TB/s" in bandwidth[1] or "GB/s" in bandwidth[1]


# what is not as it should be


def test_a_fake_device_is_called_one_in_the_title(sheets: Catalogue, record: Record) -> None:
    made = record_document(case_of(record, sheets))
    assert "FAKE" in made.title
    assert "FAKE" in pypdf.PdfReader(io.BytesIO(pdf.render(made))).metadata.title  # type: ignore[union-attr, operator]
    assert "<h1>Verification report: FAKE device" in html.render(made)


def test_an_unfinished_record_is_reported_and_said_to_be(sheets: Catalogue, record: Record) -> None:
    cut = record.model_copy(update={"state": "running", "measurements": record.measurements[:1]})
    told = texts(record_document(case_of(cut, sheets)))
    assert any("did not finish" in one for one in told)
    assert "not complete" in {one.kind for one in anomalies(case_of(cut, sheets))}


def test_nothing_measured_is_a_report_all_the_same(sheets: Catalogue, record: Record) -> None:
    empty = case_of(record.model_copy(update={"measurements": ()}), sheets)
    told = texts(record_document(empty))
    assert any(one.startswith("No published figure could be judged.") for one in told)
    assert "Nothing was measured." in told
    assert pypdf.PdfReader(io.BytesIO(pdf.render(record_document(empty)))).pages


@pytest.mark.parametrize("chip", [None, "no-such-chip"])
def test_a_device_without_a_sheet_is_reported(
    sheets: Catalogue, record: Record, chip: str | None
) -> None:
    identity = record.identity.model_copy(update={"chip": chip, "state": "unknown"})
    unknown = case_of(record.model_copy(update={"identity": identity}), sheets)
    made = record_document(unknown)
    assert made.title.endswith(", without a sheet")
    assert any("No sheet describes this device" in one for one in texts(made))
    assert "no sheet" in {one.kind for one in anomalies(unknown)}
    assert html.render(made)


def test_anomalies_name_what_was_done_to_a_record(sheets: Catalogue, record: Record) -> None:
    first, second = record.measurements[:2]
    assert first.timing
    assert second.check
    seen = first.conditions.model_copy(update={"throttle": ("hot",), "steal_fraction": 0.5})
    stats = first.timing.stats.model_copy(update={"effective_samples": 2.0})
    stopped = first.timing.stopped.model_copy(update={"reason": "noisy", "precision": 1.0})
    timing = first.timing.model_copy(update={"stats": stats, "stopped": stopped})
    spoilt = (
        first.model_copy(update={"conditions": seen, "timing": timing}),
        second.model_copy(update={"check": second.check.model_copy(update={"passed": False})}),
        second.model_copy(update={"status": "failed", "reason": "out of memory", "timing": None}),
    )
    found = {(one.kind, one.what) for one in anomalies(
        case_of(record.model_copy(update={"measurements": spoilt}), sheets)
    )}  # fmt: skip
    kinds = {kind for kind, _ in found}
    assert {"throttled", "disturbed", "thin", "interval wider than wanted", "result check",
            "failed", "fake device"} <= kinds  # fmt: skip
    assert ("failed", "out of memory") in found
    clean = {one.kind for one in anomalies(case_of(record, sheets))}
    assert not clean & {"throttled", "disturbed", "result check", "failed"}


def test_a_program_changed_beside_its_commit_is_an_anomaly(
    sheets: Catalogue, record: Record
) -> None:
    for commit, dirty, wanted in (
        ("a" * 40, False, False),
        ("a" * 40, True, True),
        (None, None, True),
    ):
        program = record.program.model_copy(update={"commit": commit, "dirty": dirty})
        found = {one.kind for one in anomalies(
            case_of(record.model_copy(update={"program": program}), sheets)
        )}  # fmt: skip
        assert ("program" in found) is wanted
        assert ("commit unknown" in found) is (commit is None)


# how it is set


def test_a_page_is_alone_and_runs_nothing(page: str) -> None:
    read_back = Page(page)
    names = {name for name, _ in read_back.tags}
    assert not names & {"script", "img", "iframe", "object", "embed", "link", "base", "form"}
    assert not [attrs for _, attrs in read_back.tags if any(key.startswith("on") for key in attrs)]
    policy = [one["content"] for one in read_back.named("meta") if "http-equiv" in one]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    for one in read_back.named("a"):
        assert str(one["href"]).startswith(("https://", "http://", "#"))
    assert read_back.named("html") == [{"lang": "en"}]


def test_headings_and_tables_can_be_heard(page: str) -> None:
    read_back = Page(page)
    levels = [int(name[1]) for name, _ in read_back.tags if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    tables = len(read_back.named("table"))
    assert tables == len(read_back.named("caption")) > 10
    assert {one["scope"] for one in read_back.named("th")} == {"col", "row"}
    ids = [attrs["id"] for _, attrs in read_back.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    labelled = {one["aria-labelledby"] for one in read_back.named("div") if "role" in one}
    assert labelled <= set(ids)
    assert read_back.open == []


def test_a_page_can_be_read_at_night_on_a_phone_and_on_paper(page: str) -> None:
    for word in ("prefers-color-scheme:dark", "max-width:700px", "@page", "table-header-group"):
        assert word in page


def test_a_pdf_has_its_text_outline_pages_and_names(
    h200: Case, document: Document, book: pypdf.PdfReader
) -> None:
    text, count = words(book), len(book.pages)
    for one in (h200.record.id, SHA, "NVIDIA H200", "memory bandwidth, copy"):
        assert one in text
    for number, sheet in enumerate(book.pages, 1):
        assert f"page {number} of {count}" in sheet.extract_text()
        assert h200.record.id in sheet.extract_text()
    outline: list[Any] = [one.title for one in book.outline[1] if not isinstance(one, list)]
    assert tuple(outline) == SECTIONS
    assert book.outline[0].title == document.title  # type: ignore[union-attr]
    assert book.metadata
    assert book.metadata.title == document.title
    assert str(book.root_object["/Lang"]) == "en"
    assert str(book.metadata.creation_date).startswith("2026-11-26 00:04:18")


def test_page_and_paper_say_the_same(document: Document, page: str, book: pypdf.PdfReader) -> None:
    paper = re.sub(r"\s", "", words(book))
    for one in texts(cleaned(document)):
        for word in one.split()[:6]:
            assert re.sub(r"\s", "", word) in paper
    assert all(
        escape(one.split("[")[0]) in page for one in texts(cleaned(document)) if "://" not in one
    )


def test_heads_of_tables_are_on_every_page() -> None:
    long = Table("Long", ("first column", "second"), tuple((f"row {n}", "x") for n in range(200)))
    made = Document("x", "t", "s", (Heading("One"), long), "foot")
    sheets = pypdf.PdfReader(io.BytesIO(pdf.render(made))).pages
    assert len(sheets) > 3
    assert all("first column" in one.extract_text() for one in sheets)


def test_the_same_record_makes_the_same_bytes(h200: Case) -> None:
    for make in (lambda one: html.render(one).encode(), pdf.render):
        assert make(record_document(h200)) == make(record_document(h200))


def test_a_document_without_a_date_claims_none() -> None:
    made = Document("x", "t", "s", (Heading("One"), Paragraph("two")), "foot")
    content = pdf.render(made)
    assert content == pdf.render(made)
    found = pypdf.PdfReader(io.BytesIO(content))
    assert found.metadata
    assert found.metadata.creation_date is None
    assert "two" in words(found)


def test_the_terminal_gets_every_table_in_every_format(document: Document) -> None:
    made = screen.as_report(document)
    held = [one for one in document.blocks if isinstance(one, Table)]
    assert [one.cells for one in made.more if one.cells in [each.cells for each in held]]
    assert sum(len(one.flat) for one in made.more) == sum(len(one.flat) for one in held)
    assert len(made.table.notes) == sum(
        len(one.lines) for one in document.blocks if isinstance(one, Items) and one.notes
    )


def test_a_processor_is_reported_with_its_derived_peaks(sheets: Catalogue) -> None:
    made = record_document(case_of(read(GENOA), sheets))
    told = " ".join(texts(made))
    assert "derived: " in told
    assert pypdf.PdfReader(io.BytesIO(pdf.render(made))).pages


def test_a_shipment_adds_its_plan_and_keeps_the_outline(h200: Case) -> None:
    made = record_document(h200, asked=Asked(500))
    heads = [one for one in made.blocks if isinstance(one, Heading)]
    assert "Sample plan for a shipment of 500 devices" in {one.text for one in heads}
    assert {one.text: one.level for one in heads}["The producer's risk"] == 3
    short = len(h200.of(Verdict.SHORT))
    assert any(one.startswith(f"The device of this record is itself short in {short} of ")
               for one in texts(made))  # fmt: skip
    assert pypdf.PdfReader(io.BytesIO(pdf.render(made))).outline


# pictures


def test_pictures_stand_in_both_and_their_names_do_not_clash(sheets: Catalogue) -> None:
    one = case_of(read(GENOA), sheets)
    drawn = plates(one, ("html", "pdf"))
    found = [plate for plate in drawn if isinstance(plate, Plate)]
    assert len(found) > 1
    made = record_document(one, drawn)
    read_back = Page(html.render(made))
    assert len(read_back.named("svg")) == len(found)
    ids = {attrs["id"] for _, attrs in read_back.tags if attrs.get("id")}
    used = re.findall(r"(?:url\(|href=\")#([^)\"]+)", html.render(made))
    assert set(used) <= ids
    assert len(set(re.findall(r'id="([^"]*figure_1)"', html.render(made)))) == len(found)
    pages = pypdf.PdfReader(io.BytesIO(pdf.render(made))).pages
    assert sum(len(sheet.images) for sheet in pages) == len(found)


def test_tables_stand_before_pictures_and_sources_after_them(sheets: Catalogue) -> None:
    one = case_of(read(GENOA), sheets)
    made = record_document(one, plates(one, ("html", "pdf")), Asked(100))
    found = [each.text for each in made.blocks if isinstance(each, Heading) and each.level == 2]
    assert found[-6:] == [
        "Further measurements", "Sample plan for a shipment of 100 devices", "Pictures",
        "Sources and notes", "Limits of the test", "Signature",
    ]  # fmt: skip


def test_pictures_stand_two_on_a_page(sheets: Catalogue) -> None:
    one = case_of(read(GENOA), sheets)
    blocks = (Heading("Pictures"), *plates(one, ("pdf",)))
    made = Document("x", "t", "s", blocks, "foot")
    pages = pypdf.PdfReader(io.BytesIO(pdf.render(made))).pages
    counts = [len(sheet.images) for sheet in pages]
    assert sum(counts) == len(blocks) - 1 > 1
    assert counts[0] == 2
    assert max(counts) <= 2


@pytest.mark.parametrize("above", range(44, 60))
def test_two_rows_of_a_table_stay_with_its_heading(above: int) -> None:
    rows = tuple((f"row {number}", "long words " * 30) for number in range(9))
    blocks = (Items(("line",) * above), Heading("One"), Table("Table", ("a", "b"), rows))
    made = Document("x", "t", "s", blocks, "foot")
    for sheet in pypdf.PdfReader(io.BytesIO(pdf.render(made))).pages:
        text = sheet.extract_text()
        if "One" in text:
            assert "row 0" in text
            assert "row 1" in text
            break
    else:
        pytest.fail("the heading is on no page")


def test_without_matplotlib_the_page_says_so(h200: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.verification.plates.find_spec", lambda _: None)
    made = record_document(h200, plates(h200, ("html",)))
    assert "No pictures: matplotlib is not installed" in html.render(made)


# what comes from outside


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_record_says_is_shown_and_not_obeyed(
    sheets: Catalogue, record: Record, text: str
) -> None:
    made = record_document(case_of(spoilt(record, text), sheets))
    page = html.render(made)
    read_back = Page(page)
    names = {name for name, _ in read_back.tags}
    assert "script" not in names
    assert "b" not in names
    assert not [one for _, one in read_back.tags if any(key.startswith("on") for key in one)]
    assert not [one for one in read_back.named("a") if str(one["href"]).startswith("javascript")]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", page)
    assert read_back.open == []
    content = pdf.render(made)
    assert pypdf.PdfReader(io.BytesIO(content)).pages
    assert len(page) < 400_000
    assert len(content) < 2_000_000


def spoilt(record: Record, text: str) -> Record:
    """A record with a text in every place that holds free words."""
    device = record.device.model_copy(
        update={"name": text, "limits": (text,), "markers": (text,), "driver": text, "pci": text}
    )
    identity = record.identity.model_copy(update={"reasons": (text,), "near": (text,)})
    first, *rest = record.measurements
    parameters = {**first.parameters, "stream": text}
    seen = first.conditions.model_copy(update={"throttle": (text,)})
    changed = first.model_copy(update={"parameters": parameters, "label": text, "conditions": seen})
    failed = first.model_copy(update={"status": "failed", "reason": text, "kernel": text})
    skipped = first.model_copy(update={"status": "skipped", "reason": text, "group": text})
    return record.model_copy(update={
        "device": device, "identity": identity, "suite": text, "started_utc": text,
        "measurements": (changed, failed, skipped, *rest), "settings": {"data": text, text: text},
        "machine": record.machine.model_copy(update={"kernel": text, "torch": text}),
    })  # fmt: skip


def test_what_the_font_lacks_is_a_question_mark(sheets: Catalogue, record: Record) -> None:
    device = record.device.model_copy(update={"name": "壁仞 BR100"})
    made = record_document(case_of(record.model_copy(update={"device": device}), sheets))
    assert "?? BR100" in words(pypdf.PdfReader(io.BytesIO(pdf.render(made))))
    assert "壁仞 BR100" in html.render(made)


def test_long_texts_are_cut_and_say_how_long_they_were() -> None:
    assert clipped("x" * 10_000).endswith("... (10,000 characters)")
    assert len(clipped("x" * 10_000)) <= 500
    assert clipped("short  text\n") == "short text"


def test_a_row_of_long_cells_fits_on_paper() -> None:
    cell = " ".join(["w" * 40] * 60)
    long = Table("Long", tuple("abcdefghijk"), tuple((cell,) * 11 for _ in range(3)))
    made = Document("x", "t", "s", (Heading("One"), long), "foot")
    assert len(pypdf.PdfReader(io.BytesIO(pdf.render(made))).pages) >= 3


def test_a_record_read_from_its_file_is_the_same_report(
    sheets: Catalogue, record: Record, tmp_path: Path
) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(record.model_dump(mode="json")), encoding="utf-8")
    again = record_document(case_of(read(path), sheets))
    assert html.render(again) == html.render(record_document(case_of(record, sheets)))
