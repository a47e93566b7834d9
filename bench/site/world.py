"""All data that the pages show, read and judged once."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bench import paths
from bench.chips.load import Catalogue, catalogue
from bench.chips.model import Chip
from bench.claims.evaluate import Judgement, judgement
from bench.claims.load import claims
from bench.claims.sensitivity import EvidenceBase, evidence_base
from bench.errors import LONGEST, DataError, UsageError, first_line
from bench.evidence.observe import Observation
from bench.judging.verdict import MARGIN, Row, rows
from bench.predict.validation.chiperrors import errors
from bench.records.model import IMPORTED_BY, Record
from bench.records.store import read
from bench.rules.judged import Judged, judged
from bench.rules.load import Rulebook, rulebook
from bench.rules.places import Question
from bench.site.predicted import QuestionAnswers, predict
from bench.theory.systems import complete


@dataclass(frozen=True)
class JudgedRecord:
    """A record with its judged rows and the bytes of its file."""

    record: Record
    rows: tuple[Row, ...]
    content: bytes

    @property
    def digest(self) -> str:
        """Returns the SHA-256 of the file."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def imported_by(self) -> str:
        """Returns who measured an imported record; empty for our own records."""
        return str(self.record.settings.get(IMPORTED_BY) or "")


@dataclass(frozen=True)
class World:
    """All data of the site on one day.

    Attributes:
        catalogue: the sheets.
        book: the export rules.
        evidence: the evidence.
        claims: judged claims, latest first.
        records: all records, including those of fake devices, latest first.
        unread: why each file among the records that is not a record could not be read.
        day: ISO date on which export rules are evaluated.
    """

    catalogue: Catalogue
    book: Rulebook
    evidence: EvidenceBase
    claims: tuple[Judgement, ...]
    records: tuple[JudgedRecord, ...]
    unread: tuple[str, ...]
    day: str

    @cached_property
    def chips(self) -> tuple[Chip, ...]:
        """Returns every sheet; missing figures of a system are summed from its members."""
        return tuple(complete(one, self.catalogue) for one in self.catalogue.chips.values())

    @cached_property
    def status(self) -> Mapping[str, Judged]:
        """Returns the ruling on exports to China on the day, by chip id; CPUs are left out."""
        question = Question(self.day, "CN", "CN")
        return {
            chip.id: judged(chip, question, self.catalogue, self.book)
            for chip in self.catalogue.chips.values()
            if chip.kind != "cpu"
        }

    @cached_property
    def observed(self) -> Mapping[str, tuple[Observation, ...]]:
        """Returns every measured value, by chip id."""
        values: dict[str, list[Observation]] = {}
        for observation in self.evidence.whole.every:
            values.setdefault(observation.chip, []).append(observation)
        return {chip: tuple(observations) for chip, observations in values.items()}

    @cached_property
    def predicted(self) -> tuple[QuestionAnswers, ...]:
        """Returns the predictions for the standing questions."""
        return predict(self.catalogue)

    @cached_property
    def errors(self) -> Mapping[str, Any]:
        """Returns the errors of predictions on hold-out data, by part of the validation."""
        return errors()

    @cached_property
    def our_records(self) -> tuple[JudgedRecord, ...]:
        """Returns the records that we measured: neither simulated nor imported ones."""
        return tuple(record for record in self.measured if not record.imported_by)

    @cached_property
    def measured(self) -> tuple[JudgedRecord, ...]:
        """Returns the records of real devices."""
        return tuple(one for one in self.records if not one.record.device.is_fake)

    def claims_about(self, chip: str) -> tuple[Judgement, ...]:
        """Returns the claims that name a chip."""
        return tuple(
            judged_claim
            for judged_claim in self.claims
            if chip in (*judged_claim.claim.subjects, *judged_claim.claim.objects)
        )


def gather(records: str | None, day: str) -> World:
    """Returns the data of the site: what is shipped, and further records.

    Args:
        records: path of a record or of a folder of records, besides the committed ones.
        day: ISO date on which export rules are evaluated.

    Raises:
        UsageError: there is nothing at ``records``.
        DataError: a data file is invalid.
    """
    sheets, evidence = catalogue(), evidence_base(records)
    judgements = [judgement(claim, evidence.whole, sheets, None) for claim in claims().values()]
    judged_records, unread = _judged_records(_files(records), sheets)
    return World(
        catalogue=sheets,
        book=rulebook(),
        evidence=evidence,
        claims=tuple(sorted(judgements, key=lambda claim: claim.claim.date, reverse=True)),
        records=judged_records,
        unread=unread,
        day=day,
    )


def _files(records: str | None) -> list[Path]:
    """Returns the paths of the committed records and of those at ``records``."""
    committed = sorted((paths.data_dir("results") / "records").rglob("*.json"))
    if not records:
        return committed
    path = Path(records)
    if not path.exists():
        raise UsageError(f"records={records}: there is no such record or folder of records")
    return committed + (sorted(path.rglob("*.json")) if path.is_dir() else [path])


def _judged_records(
    files: Sequence[Path], sheets: Catalogue
) -> tuple[tuple[JudgedRecord, ...], tuple[str, ...]]:
    """Returns the records among files, each id once and latest first, and why others failed."""
    by_id: dict[str, JudgedRecord] = {}
    unread = []
    for path in files:
        try:
            record = read(path)
        except (DataError, UsageError) as error:
            unread.append(first_line(error, LONGEST))
            continue
        judged_rows = tuple(rows(record, sheets, MARGIN))
        by_id.setdefault(record.id, JudgedRecord(record, judged_rows, path.read_bytes()))
    ordered = sorted(
        by_id.values(), key=lambda judged_record: judged_record.record.started_utc, reverse=True
    )
    return tuple(ordered), tuple(unread)
