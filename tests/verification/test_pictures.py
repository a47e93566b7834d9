"""Pictures of the report: where they stand, and what stands beside them."""

import io
import re

import pypdf
import pytest

from bench.chips.load import Catalogue
from bench.records.store import read
from bench.verification import html, pdf
from bench.verification.case import Case
from bench.verification.document import Document, Heading, Items, Plate, Table
from bench.verification.pictures import plates
from bench.verification.plan import PlanRequest
from bench.verification.record import record_document
from tests.verification.cases import GENOA, Page, case_of, richest


@pytest.fixture(scope="module")
def h200() -> Case:
    """The richest record there is."""
    return richest()


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
    made = record_document(one, plates(one, ("html", "pdf")), PlanRequest(100))
    found = [each.text for each in made.blocks if isinstance(each, Heading) and each.level == 2]
    assert found[-6:] == [
        "Further measurements", "Sampling plan for a shipment of 100 devices", "Pictures",
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
    monkeypatch.setattr("bench.verification.pictures.find_spec", lambda _: None)
    made = record_document(h200, plates(h200, ("html",)))
    assert "No pictures: matplotlib is not installed" in html.render(made)
