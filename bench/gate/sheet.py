"""A run against a chip's sheet: is each figure reached?"""

from collections import Counter
from dataclasses import replace

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Paper
from bench.errors import UsageError
from bench.fixed import named
from bench.gate.compare import place
from bench.gate.model import Finding, Row, Taken, Verdict
from bench.gate.recorded import run_of
from bench.records.model import Record, at_once
from bench.report.digits import counted
from bench.report.table import source_line
from bench.standing import nearest
from bench.verdict import Row as Judged
from bench.verdict import Verdict as Said
from bench.verdict import rows

SAYS = {
    Said.REACHED: Verdict.SAME,
    Said.SHORT: Verdict.SLOWER,
    Said.UNDECIDED: Verdict.AMBIGUOUS,
    Said.IMPLAUSIBLE: Verdict.AMBIGUOUS,
    Said.FAILED: Verdict.FAILED,
}


WORDS = (
    "reached: the whole interval lies within {margin:g}% of paper or above. short: it lies below. "
    "Each figure is judged by the measurement that came nearest to it, at 95%, as 'show' judges it."
)


def against_sheet(
    record: Record, chip: Chip, sheets: Catalogue, margin: float, allow: tuple[str, ...] = ()
) -> Finding:
    """Returns whether a run reaches each figure of a sheet, by what came nearest to it.

    Raises:
        UsageError: the device is another chip, or nothing that was measured is on the sheet.
    """
    known = record.identity.chip
    if known not in (None, chip.id) and "chip" not in allow:
        more = "allow=[chip] compares them anyway"
        raise UsageError(f"record {record.id} is of {known}, not of {chip.id}: {more}")
    identity = record.identity.model_copy(update={"chip": chip.id})
    own = record.model_copy(update={"identity": identity})
    judged = rows(own, sheets, margin)
    taken = dict(zip(map(id, judged), run_of(own, sheets).taken, strict=True))
    doubted = [one for one in judged if one.verdict in (Said.IMPLAUSIBLE, Said.FAILED)]
    asked = [*nearest(judged).values(), *doubted]
    if not asked:
        raise UsageError(f"record {record.id} measured nothing that the sheet of {chip.id} prints")
    papers = [one.published for one in asked if isinstance(one.published, Paper)]
    sources = list(dict.fromkeys(source for paper in papers for source in paper.sources))
    found = [_row(one, taken[id(one)], sources) for one in asked]
    about = f"{record.device.name}, suite {record.suite}, {record.started_utc[:10]}"
    count = at_once(record)
    shared = f"Measured with {count} devices at once: one alone may reach more."
    return Finding(
        title=_title(found),
        heading=(
            f"{about}, record {record.id}, against the sheet of {chip.id}.",
            *((shared,) if count > 1 else ()),
        ),
        rows=tuple(sorted(found, key=place)),
        notes=(WORDS.format(margin=100 * margin),),
        columns=("published", "measured", "achieved"),
        sources=tuple(source_line(one, sheets) for one in sources),
    )


def _title(found: list[Row]) -> str:
    """Returns the outcome in a few words."""
    tally = Counter(row.judged for row in sorted(found, key=place))
    words = ", ".join(f"{count} {word}" for word, count in tally.items())
    if short := tally[Said.SHORT]:
        head = f"{counted(short, 'figure')} short of the sheet"
    elif tally[Said.FAILED]:
        head = "failed"
    else:
        head = "not settled" if any(row.counts for row in found) else "every figure is reached"
    return f"gate: {head} ({words})"


def _row(judged: Judged, now: Taken, sources: list[str]) -> Row:
    """Returns the row of one figure; what the sheet prints stands for the run before.

    It is called as the sheet calls it: of most chips a product in fp32 tests the vector rate.
    """
    paper, word = judged.published, SAYS[judged.verdict]
    now = replace(now, title=named(judged.title, now.sizes))
    printed = None
    if isinstance(paper, Paper):
        marks = "".join(f"[{sources.index(one) + 1}]" for one in paper.sources)
        told = f"{paper.text} {marks}"
        printed = replace(now, speed=None, shown=told, shape="", throttle=())
    return Row(
        now=now,
        before=(printed,) if printed else (),
        verdict=word,
        reason=judged.reason,
        ratio=judged.fraction,
        counts=word is not Verdict.SAME,
        judged=judged.verdict.value,
    )
