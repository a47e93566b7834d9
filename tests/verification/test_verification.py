"""The verification report: what it says is what the record says."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pypdf

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.claims.sensitivity import evidence_base
from bench.judging.verdict import RATED, Verdict, rows
from bench.measure import loop
from bench.measure.stats import LEVEL
from bench.records.model import Record
from bench.records.store import read
from bench.report.chips.evidence import usual_share
from bench.report.text.digits import percent, with_interval
from bench.rules.load import rulebook
from bench.theory.tpp import tpp
from bench.verification import html, pdf
from bench.verification.anomalies import anomalies
from bench.verification.case import Case
from bench.verification.document import Document, Heading, Paragraph, Table
from bench.verification.finding import finding
from bench.verification.method import METHODS
from bench.verification.plan import PlanRequest
from bench.verification.quantities import quantity_blocks
from bench.verification.record import record_document
from tests.verification.cases import (
    GENOA,
    SECTIONS,
    SHA,
    case_of,
    document,
    h200,
    page,
    texts,
)

__all__ = ["document", "h200", "page"]


def table(document: Document, key: str) -> Table:
    """The table with a key."""
    return next(one for one in document.blocks if isinstance(one, Table) and one.key == key)


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
    assert told.startswith(f"Of {len(best)} published figures tested, {parts}, at")


def test_the_deciding_stream_and_other_forms_that_are_short_are_named(h200: Case) -> None:
    told = " ".join(one.text for one in record_document(h200).blocks if isinstance(one, Paragraph))
    assert "memory bandwidth, write 97.6% (97.4–97.7), lowest stream: scale 88.9%" in told
    assert "Other forms that are short: fp32 vector 78.2%" in told
    assert "bf16 matrix, sustained at 8192 x 8192 x 8192 nt 64.2%" in told


def test_the_power_of_a_part_of_a_board_is_not_valid(h200: Case) -> None:
    told = h200.record.device.model_copy(update={"limits": ("MIG on",)})
    part = replace(h200, record=h200.record.model_copy(update={"device": told}))
    before, after = (table(record_document(one), "conditions").flat for one in (h200, part))
    assert any(one["power_valid"] for one in before)
    assert not any(one["power_valid"] for one in after)


def test_what_others_usually_reach_stands_beside_every_figure(h200: Case) -> None:
    made = table(record_document(h200), "figures")
    place = made.columns.index("others usually")
    evidence = evidence_base()
    for one, cells in zip(made.flat, made.cells, strict=True):
        told = usual_share(str(one["figure"]), evidence, str(one["chip"]))
        assert one["others_usually"] == told
        assert cells[place].startswith(f"{told:.0%} (" if told else "–")
    assert sum(one["others_usually"] is not None for one in made.flat) > 10


def test_the_finding_counts_the_short_figures_that_are_short_as_usual(h200: Case) -> None:
    evidence, within, below = evidence_base(), 0, set()
    for row in h200.with_verdict(Verdict.SHORT):
        told = usual_share(row.key, evidence, h200.chip.id if h200.chip else "")
        assert told
        assert row.burst
        assert row.measured
        assert row.fraction
        reached = row.burst / (row.measured.value / row.fraction.value)
        within += reached >= 0.9 * told
        if reached < 0.9 * told:
            below.add(row.key)
    said = finding(h200)
    short = len(h200.with_verdict(Verdict.SHORT))
    assert below
    assert within
    assert f"Of the {short} short, {within} lie within what other chips usually reach" in said
    assert f", {len(below)} below it: " in said
    for key in below:
        assert FIGURES[key].title in said.partition("below it: ")[2]


def test_the_margin_is_heard(h200: Case) -> None:
    wide = case_of(h200.record, h200.catalogue, 0.5)
    assert len(wide.with_verdict(Verdict.REACHED)) > len(h200.with_verdict(Verdict.REACHED))
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
    blocks = quantity_blocks(case_of(record, sheets))
    asked = next(one for one in blocks if isinstance(one, Table) and one.key == "asked")
    named = {row[0]: row for row in asked.cells}
    assert named["memory (DRAM) capacity"][1] == "not measured in this record"
    assert named["memory (DRAM) capacity"][-1] == "run suite=memory"
    assert named["link to the host (PCIe)"][-1] == "run suite=links"
    assert named["dense products, fp8 matrix"][-1] == "run suite=full"
    bandwidth = next(row for name, row in named.items() if "DRAM) bandwidth" in name)
    assert "TB/s" in bandwidth[1] or "GB/s" in bandwidth[1]


def test_a_processor_is_reported_with_its_derived_peaks(sheets: Catalogue) -> None:
    made = record_document(case_of(read(GENOA), sheets))
    told = " ".join(texts(made))
    assert "derived: " in told
    assert pypdf.PdfReader(io.BytesIO(pdf.render(made))).pages


def test_a_shipment_adds_its_plan_and_keeps_the_outline(h200: Case) -> None:
    made = record_document(h200, request=PlanRequest(500))
    heads = [one for one in made.blocks if isinstance(one, Heading)]
    assert "Sampling plan for a shipment of 500 devices" in {one.text for one in heads}
    assert {one.text: one.level for one in heads}["The producer's risk"] == 3
    short = len(h200.with_verdict(Verdict.SHORT))
    assert any(one.startswith(f"The device of this record is itself short in {short} of ")
               for one in texts(made))  # fmt: skip
    assert pypdf.PdfReader(io.BytesIO(pdf.render(made))).outline


def test_a_record_read_from_its_file_is_the_same_report(
    sheets: Catalogue, record: Record, tmp_path: Path
) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(record.model_dump(mode="json")), encoding="utf-8")
    again = record_document(case_of(read(path), sheets))
    assert html.render(again) == html.render(record_document(case_of(record, sheets)))
