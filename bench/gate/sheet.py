"""Compares a run with a chip's sheet: whether each figure is reached."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.errors import UsageError
from bench.gate.chosen import absent
from bench.gate.compare import sort_key
from bench.gate.model import ENDED, Finding, Row, Taken, Verdict
from bench.gate.recorded import run_of
from bench.judging.sizes import named
from bench.judging.standing import nearest, stream_words
from bench.judging.titles import FAKE
from bench.judging.verdict import MARGIN, RATED, row_of, rows
from bench.judging.verdict import Row as Judged
from bench.judging.verdict import Verdict as Said
from bench.records.model import Measurement, Record, at_once
from bench.report.table import source_line
from bench.words import counted

SAYS = {
    Said.REACHED: Verdict.SAME,
    Said.SHORT: Verdict.SLOWER,
    Said.UNDECIDED: Verdict.AMBIGUOUS,
    Said.IMPLAUSIBLE: Verdict.AMBIGUOUS,
    Said.FAILED: Verdict.FAILED,
    Said.UNRATED: Verdict.NEW,
    Said.SKIPPED: Verdict.MISSING,
}
"""The gate's verdict for each verdict on a published figure."""
WORDS = (
    "reached: the whole interval lies at or above {line} of paper. short: it lies below. "
    "Each figure is judged by the measurement that came nearest to it, at 95%, as 'show' judges it."
)


@dataclass(frozen=True)
class Requirements:
    """The figures of a sheet that a run has to reach.

    Attributes:
        margin: relative shortfall that still counts as reached.
        figures: keys of the figures to reach; empty for all that were measured.
        limits: share of the published figure that counts as reached, for figures with a limit.
        allow: differences that are intended.
    """

    margin: float = MARGIN
    figures: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    allow: tuple[str, ...] = ()

    def limit(self, key: str) -> float:
        """Returns the share of the published figure that counts as reached."""
        return self.limits.get(key, 1 - self.margin)


def against_sheet(  # noqa: PLR0913 -- a record, the data and an option
    record: Record,
    chip: Chip,
    sheets: Catalogue,
    required: Requirements,
    lacking: Sequence[Measurement] = (),
    *,
    cite: bool = True,
) -> Finding:
    """Returns whether a run reaches each figure of a sheet, by the measurement nearest to it.

    Args:
        record: the run.
        chip: the chip whose sheet the run is compared with.
        sheets: the catalogue.
        required: which figures have to be reached, and the limits.
        lacking: measurements that the run should have and lacks, as skipped ones.
        cite: whether sources are in full.

    Raises:
        UsageError: the device is another chip, or nothing that was measured is on the sheet.
    """
    own = _of_the_chip(record, chip, required.allow)
    whole = own.model_copy(update={"measurements": (*own.measurements, *lacking)})
    run = run_of(whole, sheets)
    judged = [_at_its_limit(one, whole, sheets, required) for one in rows(whole, sheets)]
    taken = dict(zip(map(id, judged), run.taken, strict=True))
    chosen = _chosen(judged, required, len(lacking))
    sources = list(
        dict.fromkeys(source for one in chosen if one.paper for source in one.paper.sources)
    )
    found = [_row(_with_streams(one, judged), taken[id(one)], sources, required) for one in chosen]
    found += [absent(key, required.limit(key)) for key in _unmeasured(chosen, required)]
    if not found:
        raise UsageError(f"record {record.id} measured nothing that the sheet of {chip.id} prints")
    heading = tuple(_heading(record, chip, judged, chosen))
    cited = tuple(source_line(one, sheets, brief=not cite) for one in sources)
    return replace(
        _finding(record, found, required), heading=heading, sources=cited, against=(chip.id,)
    )


def _finding(record: Record, found: Sequence[Row], required: Requirements) -> Finding:
    """Returns the finding of all rows, without heading, sources and chip."""
    ended = ENDED.get(record.state, "")
    return Finding(
        title=_title(found, ended),
        heading=(),
        rows=tuple(sorted(found, key=sort_key)),
        notes=(WORDS.format(line=_line(required)),),
        columns=("published", "measured", "achieved"),
        record=record.id,
        strictness={"margin": required.margin},
        ended=ended,
        limited=tuple(required.limits),
        judges=any(row.judged != Said.UNRATED for row in found),
        backend=record.device.backend,
    )


def _of_the_chip(record: Record, chip: Chip, allow: tuple[str, ...]) -> Record:
    """Returns the record as a record of this chip.

    Raises:
        UsageError: it is a record of another chip, and ``allow`` does not permit that.
    """
    known = record.identity.chip
    if known not in (None, chip.id) and "chip" not in allow:
        more = "allow=[chip] compares them anyway"
        raise UsageError(f"record {record.id} is of {known}, not of {chip.id}: {more}")
    identity = record.identity.model_copy(update={"chip": chip.id})
    return record.model_copy(update={"identity": identity})


def _at_its_limit(
    judged: Judged, record: Record, sheets: Catalogue, required: Requirements
) -> Judged:
    """Returns a row judged by its figure's own limit."""
    margin = 1 - required.limit(judged.key)
    return replace(row_of(record, judged.measurement, sheets, margin), title=judged.title)


def _chosen(judged: Sequence[Judged], required: Requirements, lacking: int) -> list[Judged]:
    """Returns the rows to show: the nearest to each figure, and the failed, doubted and missing.

    Work whose rate no sheet promises is shown only if there is nothing else.

    Args:
        judged: every row; those of measurements that the run lacks come last.
        required: which figures.
        lacking: the number of rows of missing measurements.
    """
    first = len(judged) - lacking
    kept = [
        (number, one) for number, one in enumerate(judged)
        if not required.figures or one.key in required.figures
    ]  # fmt: skip
    doubted = [one for number, one in kept if number < first and _is_doubted(one)]
    gone = [one for number, one in kept if number >= first]
    found = [*nearest(one for _, one in kept).values(), *doubted, *gone]
    return found or [one for _, one in kept if one.verdict is Said.UNRATED and one.fraction]


def _is_doubted(one: Judged) -> bool:
    """Returns whether a row failed, or is implausible compared with a published figure."""
    doubted = one.verdict is Said.IMPLAUSIBLE and one.paper is not None
    return doubted or one.verdict is Said.FAILED


def _with_streams(one: Judged, judged: Sequence[Judged]) -> Judged:
    """Returns a row whose reasons name the lowest stream, where several test its figure."""
    words = stream_words(one.key, judged) if one.verdict in RATED else ""
    return replace(one, reasons=(*one.reasons, words)) if words else one


def _unmeasured(chosen: Sequence[Judged], required: Requirements) -> list[str]:
    """Returns the required figures that have no row."""
    has = {one.key for one in chosen}
    return [key for key in required.figures or required.limits if key not in has]


def _heading(
    record: Record, chip: Chip, judged: Sequence[Judged], chosen: Sequence[Judged]
) -> Iterator[str]:
    about = f"{record.device.name}, suite {record.suite}, {record.started_utc[:10]}"
    yield f"{about}, record {record.id}, against the sheet of {chip.id}."
    if record.device.is_fake:
        yield FAKE
    if record.state in ENDED:
        yield f"The run {ENDED[record.state]}: what it lacks is missing."
    if (count := at_once(record)) > 1:
        yield f"Measured with {count} devices at once: one alone may reach more."
    has = {one.key for one in chosen}
    skipped = {
        one.key: f"{one.title} ({one.reason})" for one in judged
        if one.verdict is Said.SKIPPED and one.paper is not None and one.key not in has
    }  # fmt: skip
    if skipped:
        yield f"On the sheet, and skipped: {'; '.join(skipped.values())}."


def _line(required: Requirements) -> str:
    line = f"{100 * (1 - required.margin):g}%"
    return f"its own limit, or else {line}," if required.limits else line


def _title(found: Sequence[Row], ended: str) -> str:
    """Returns the outcome in a few words."""
    tally = Counter(row.judged for row in sorted(found, key=sort_key))
    words = ", ".join(f"{count} {word}" for word, count in tally.items())
    if short := tally[Said.SHORT]:
        head = f"{counted(short, 'figure')} short of the sheet"
    elif tally[Said.FAILED]:
        head = "failed"
    elif tally.keys() == {Said.UNRATED.value}:
        head = "no figure is judged"
    else:
        open_ = ended or any(row.counts for row in found)
        head = "not settled" if open_ else "every figure is reached"
    return f"gate: {head} ({words})"


def _row(judged: Judged, now: Taken, sources: list[str], required: Requirements) -> Row:
    """Returns the row of one figure; the published value takes the place of the earlier run.

    It is named after the figure: on most chips an fp32 matrix product tests the vector rate.
    """
    paper, word = judged.paper, SAYS[judged.verdict]
    now = replace(now, title=named(judged.title, now.sizes), of={**now.of, "figure": judged.key})
    printed = None
    if paper:
        marks = "".join(f"[{sources.index(one) + 1}]" for one in paper.sources)
        text = f"{paper.text} {marks}"
        printed = replace(now, speed=None, shown=text, shape="", throttle=())
    return Row(
        now=now,
        before=(printed,) if printed else (),
        verdict=word,
        reason=judged.reason,
        ratio=judged.fraction,
        counts=word not in (Verdict.SAME, Verdict.NEW),
        judged="missing" if word is Verdict.MISSING else judged.verdict.value,
        published=paper.value if paper else None,
        limit=required.limit(judged.key) if judged.key else None,
    )
