"""What a record says is shown and not obeyed."""

import io
import re

import pypdf
import pytest

from bench.chips.load import Catalogue
from bench.records.model import Record
from bench.verification import html, pdf
from bench.verification.document import clipped
from bench.verification.record import record_document
from tests.verification.cases import Page, case_of, words

HOSTILE = (
    "<script>alert(1)</script>", "\" onload=\"x", "javascript:alert(1)", "\x1b[31m\x00\x07\u202e",
    "寒武纪 思元590", "{{7*7}} ${jndi:x} %s", "&lt;b&gt;", "a\nb\r\nc", "[1] [2] [99]",
    "x" * 10_000, "word " * 2_000,
)  # fmt: skip


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
