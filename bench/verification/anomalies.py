"""The anomalies of a record: failed, skipped, disturbed, thin or doubtful measurements."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.identity.weigh import State
from bench.judging.plausible import disturbances, disturbed_by
from bench.judging.verdict import Row, Verdict
from bench.verification.case import Case
from bench.verification.conditions import name_of
from bench.verification.document import Block, Paragraph, Table

if TYPE_CHECKING:
    from bench.report.text.scalar import Scalar

THIN = 6.0
"""Least number of independent samples that a distribution-free 95% interval of the median needs."""
COLUMNS = ("anomaly", "what it is", "where")


@dataclass(frozen=True)
class Anomaly:
    """One irregularity: its kind, its description, and where it was seen."""

    kind: str
    what: str
    where: str = "the record"


def anomaly_blocks(case: Case) -> list[Block]:
    """Returns the table of all anomalies, with one row for those of equal kind and description."""
    places: dict[tuple[str, str], list[str]] = {}
    for anomaly in anomalies(case):
        places.setdefault((anomaly.kind, anomaly.what), []).append(anomaly.where)
    if not places:
        return [Paragraph("None.")]
    kinds = list(dict.fromkeys(kind for kind, _ in places))
    places = dict(sorted(places.items(), key=lambda item: kinds.index(item[0][0])))
    cells = tuple((kind, what, _places(where)) for (kind, what), where in places.items())
    flat: tuple[dict[str, Scalar], ...] = tuple(
        {"anomaly": kind, "what": what, "measurements": len(where)}
        for (kind, what), where in places.items()
    )
    return [Table("Everything unusual", COLUMNS, cells, flat, "anomalies")]


def _places(where: list[str]) -> str:
    names = list(dict.fromkeys(where))
    return f"{len(where)}: {'; '.join(names)}" if len(where) > 1 else names[0]


def anomalies(case: Case) -> Iterator[Anomaly]:
    """Yields the anomalies of the record, then those of its measurements."""
    yield from _record_anomalies(case)
    for row in case.judged:
        yield from _row_anomalies(row)


def _record_anomalies(case: Case) -> Iterator[Anomaly]:
    record = case.record
    if case.record.device.is_fake:
        yield Anomaly("fake device", "every figure is simulated")
    if record.state != "complete":
        yield Anomaly("not complete", f"the record's state is {record.state!r}")
    if not record.measurements:
        yield Anomaly("empty", "nothing was measured")
    if record.program.commit is None:
        yield Anomaly("commit unknown", "the program's commit is not recorded")
    if record.program.dirty is not False:
        dirty = record.program.dirty
        how = "modified since its commit" if dirty else "not known to be unmodified"
        yield Anomaly("program", how)
    yield from _sheet_anomalies(case)


def _sheet_anomalies(case: Case) -> Iterator[Anomaly]:
    record, chip = case.record, case.chip
    if chip is None:
        yield Anomaly("no sheet", f"the record names {record.identity.chip or 'no chip'}")
    elif record.identity.sheet_sha256 != chip.sheet_sha256:
        yield Anomaly("other sheet", "the sheet is not the one that the record was compared with")
    assessment = case.identity
    if assessment and assessment.state is not State.CONSISTENT:
        yield Anomaly(f"identity {assessment.state.value}", assessment.reason)
    if record.identity.state != "matched" and chip is not None:
        yield Anomaly("sheet not matched", f"{record.identity.state}: its sheet was not found by "
                      "what the device reports alone")  # fmt: skip


def _row_anomalies(row: Row) -> Iterator[Anomaly]:
    """Yields the anomalies of one measurement."""
    measurement, name = row.measurement, name_of(row)
    if row.verdict in (Verdict.IMPLAUSIBLE, Verdict.FAILED, Verdict.SKIPPED):
        yield Anomaly(row.verdict.value, row.reason, name)
    for check, what in ((measurement.check, "small"), (measurement.spot_check, "timed")):
        if check is not None and not check.passed:
            told = measurement.reason if measurement.status == "ok" else ""
            excess = f"error {check.error:.2g} above its tolerance of {check.tolerance:.2g}"
            yield Anomaly("result check", f"{what} result: {told or excess}", name)
    for disturbance in disturbances(measurement):
        yield Anomaly("disturbed", disturbance, name)
    for disturbance in disturbed_by(measurement.conditions):
        yield Anomaly("throttled", disturbance, name)
    if measurement.timing and measurement.quantity != "footprint":
        yield from _thin_anomalies(row, name)


def _thin_anomalies(row: Row, name: str) -> Iterator[Anomaly]:
    timing = row.measurement.timing
    if timing is None:
        return
    if timing.stats.effective_samples < THIN:
        what = f"fewer than {THIN:.0f} independent samples: the interval is their whole range"
        yield Anomaly("thin", what, name)
    if timing.stopped.precision > timing.stopped.wanted:
        why = "the time ran out" if timing.stopped.reason == "budget" else "too noisy"
        yield Anomaly("interval wider than requested", why, name)
