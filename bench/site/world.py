"""Everything the pages tell of, read and judged once."""

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
from bench.claims.sensitivity import Bench, bench_of
from bench.errors import LONGEST, DataError, UsageError, first_line
from bench.evidence.observe import Observation
from bench.predict.validation.tested import errors
from bench.records.model import IMPORTED_BY, Record
from bench.records.store import read
from bench.rules.judged import Judged, judged
from bench.rules.load import Rulebook, rulebook
from bench.rules.places import Question
from bench.site.predicted import Told, predict
from bench.theory.systems import complete
from bench.verdict import MARGIN, Row, rows


@dataclass(frozen=True)
class Held:
    """A record with its file's bytes and its rows judged."""

    record: Record
    rows: tuple[Row, ...]
    content: bytes

    @property
    def digest(self) -> str:
        """Returns the SHA-256 of the file."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def by(self) -> str:
        """Returns who measured what was imported, empty where we did."""
        return str(self.record.settings.get(IMPORTED_BY) or "")

    @property
    def is_simulated(self) -> bool:
        """Tells whether it is of a fake device, which says nothing of any chip."""
        return self.record.device.backend == "fake"


@dataclass(frozen=True)
class World:
    """All that is known on a day.

    Attributes:
        claims: judged, in the order of their day, the latest first.
        records: the latest first, those of fake devices among them.
        unread: what lay among the records and is none, with the reason.
        day: on which rules are asked, ISO.
    """

    catalogue: Catalogue
    book: Rulebook
    bench: Bench
    claims: tuple[Judgement, ...]
    records: tuple[Held, ...]
    unread: tuple[str, ...]
    day: str

    @cached_property
    def chips(self) -> tuple[Chip, ...]:
        """Returns every sheet, a system added up of its members."""
        return tuple(complete(one, self.catalogue) for one in self.catalogue.chips.values())

    @cached_property
    def status(self) -> Mapping[str, Judged]:
        """Returns what the rules say on the day of each chip that goes to China; no processors."""
        asked = Question(self.day, "CN", "CN")
        return {
            one.id: judged(one, asked, self.catalogue, self.book, disputes=False)
            for one in self.catalogue.chips.values()
            if one.kind != "cpu"
        }

    @cached_property
    def observed(self) -> Mapping[str, tuple[Observation, ...]]:
        """Returns every measured value by chip."""
        found: dict[str, list[Observation]] = {}
        for one in self.bench.whole.every:
            found.setdefault(one.chip, []).append(one)
        return {chip: tuple(values) for chip, values in found.items()}

    @cached_property
    def predicted(self) -> tuple[Told, ...]:
        """Returns what chips would do, by the comparison model."""
        return predict(self.catalogue)

    @cached_property
    def errors(self) -> Mapping[str, Any]:
        """Returns how far predictions are off, by part of the validation."""
        return errors()

    @cached_property
    def own(self) -> tuple[Held, ...]:
        """Returns the records that were measured by us: no simulated and no imported ones."""
        return tuple(one for one in self.measured if not one.by)

    @cached_property
    def measured(self) -> tuple[Held, ...]:
        """Returns the records that were measured: those of fake devices are not."""
        return tuple(one for one in self.records if not one.is_simulated)

    def speaking_of(self, chip: str) -> tuple[Judgement, ...]:
        """Returns the claims that name a chip."""
        return tuple(
            one for one in self.claims if chip in (*one.claim.subjects, *one.claim.objects)
        )


def gather(records: str | None, day: str) -> World:
    """Returns the world: what is shipped, and records of one's own.

    Args:
        records: a record, or a folder of records, besides the committed ones.
        day: on which rules are asked, ISO.

    Raises:
        UsageError: there is nothing at ``records``.
        DataError: a file of data is at fault.
    """
    sheets, evidence = catalogue(), bench_of(records)
    made = [judgement(one, evidence.whole, sheets, None) for one in claims().values()]
    held, unread = _held(_files(records), sheets)
    return World(
        catalogue=sheets,
        book=rulebook(),
        bench=evidence,
        claims=tuple(sorted(made, key=lambda one: one.claim.date, reverse=True)),
        records=held,
        unread=unread,
        day=day,
    )


def _files(records: str | None) -> list[Path]:
    """Returns the committed records and those at ``records``."""
    committed = sorted((paths.data_dir("results") / "records").rglob("*.json"))
    if not records:
        return committed
    place = Path(records)
    if not place.exists():
        raise UsageError(f"records={records}: there is no such record or folder of records")
    return committed + (sorted(place.rglob("*.json")) if place.is_dir() else [place])


def _held(files: Sequence[Path], sheets: Catalogue) -> tuple[tuple[Held, ...], tuple[str, ...]]:
    """Returns the records among some files, each once, and what is none."""
    found: dict[str, Held] = {}
    unread = []
    for path in files:
        try:
            record = read(path)
        except (DataError, UsageError) as error:
            unread.append(first_line(error, LONGEST))
            continue
        judged_rows = tuple(rows(record, sheets, MARGIN))
        found.setdefault(record.id, Held(record, judged_rows, path.read_bytes()))
    ordered = sorted(found.values(), key=lambda one: one.record.started_utc, reverse=True)
    return tuple(ordered), tuple(unread)
