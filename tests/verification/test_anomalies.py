"""What is not as it should be: records that are fake, unfinished, spoilt or without a sheet."""

import io

import pypdf
import pytest

from bench.chips.load import Catalogue
from bench.records.model import Record
from bench.verification import html, pdf
from bench.verification.anomalies import anomalies
from bench.verification.record import record_document
from tests.verification.cases import case_of, texts


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
    assert {"throttled", "disturbed", "thin", "interval wider than requested", "result check",
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
