"""The gate's result as a table, for every format."""

import math
from collections.abc import Sequence
from statistics import fmean

from bench.gate.compare import LISTED
from bench.gate.model import Finding, Row, Taken, Verdict, middle
from bench.judging.rates import Interval
from bench.report.table import Table
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar, bounds
from bench.units import Dimension, show
from bench.words import some_of

MOST = 100.0
"""An upper bound above this, in percent, is shown as ``above +100``: it is practically unknown."""
UNENDED = "Exit code 3: the run {ended}, so that nothing is settled."
UNJUDGED = "Exit code 3: no figure of the sheet is judged."
OF_LIMITS = {
    0: "Exit code 0: {limits}.",
    1: "Exit code 1: {limits}, but a measurement failed.",
    3: "Exit code 3: {limits}, but a figure is missing or doubtful.",
}
CODES = {
    0: "Exit code 0: nothing is slower, as far as can be told.",
    1: "Exit code 1: something is slower, or fails now.",
    3: "Exit code 3: nothing is shown to be slower, but something may be.",
}
OF_SHEET = {
    0: "Exit code 0: every figure is reached.",
    1: "Exit code 1: a figure is short of the sheet, or failed.",
    3: "Exit code 3: no figure is shown to be short, but one may be.",
}


def report(finding: Finding) -> Report:
    """Returns the rows as words and as numbers; of many new ones, the words only name some."""
    before, now, change = finding.columns
    new = [row.taken.title for row in finding.rows if row.verdict is Verdict.NEW and not row.reason]
    few = len(new) <= LISTED
    listed = [row for row in finding.rows if few or row.verdict is not Verdict.NEW or row.reason]
    line = f"New, with nothing to compare it with: {some_of(new, LISTED, '; ')}."
    table = Table(
        title=finding.title,
        heading=finding.heading if few else (*finding.heading, line),
        columns=("measurement", before, now, change, "verdict"),
        cells=tuple(_cells(row, change) for row in listed),
        summary=(code_line(finding), *finding.notes),
        notes=tuple(f"[{number}] {one}" for number, one in enumerate(finding.sources, 1)),
    )
    return Report(table, [_flat(row, finding) for row in finding.rows])


def code_line(finding: Finding) -> str:
    """Returns the meaning of the exit code, in a sentence."""
    if finding.code == 3 and finding.ended:
        return " ".join([UNENDED.format(ended=finding.ended), *_held(finding)])
    if not finding.judges:
        return UNJUDGED
    if finding.limits:
        return OF_LIMITS[finding.code].format(limits=finding.limits)
    if finding.code == 3 and (held := _held(finding)):
        others = any(row.counts and row.verdict is not Verdict.EXPLAINED for row in finding.rows)
        return " ".join(["Exit code 3:", *held, *(["Others are not settled."] if others else [])])
    judged = any(row.judged for row in finding.rows)
    return (OF_SHEET if judged else CODES)[finding.code]


def _held(finding: Finding) -> list[str]:
    """Returns a sentence that counts the rows that are slower, but not by the code; or nothing."""
    count = sum(row.verdict is Verdict.EXPLAINED for row in finding.rows)
    if not count:
        return []
    rows, them = ("row is", "it") if count == 1 else ("rows are", "them")
    cause = "the clock, throttling or another disturbance"
    return [f"{count} {rows} slower; {cause} accounts for {them}."]


def _cells(row: Row, column: str) -> tuple[str, ...]:
    now = row.now.shown if row.now else ""
    return (
        row.taken.title,
        before(row.before) or "–",
        now or "–",
        ratio_text(row.ratio, column),
        row.words,
    )


def before(taken: Sequence[Taken]) -> str:
    """Returns the value of one run, or the mean of the several that a change refers to."""
    ran = [one for one in taken if one.speed]
    middle = mean_speed(ran)
    if len(ran) < 2 or middle is None:
        return (*ran, *taken[-1:])[0].shown if taken else ""
    dimension = ran[0].dimension
    value = 1 / middle if dimension is Dimension.TIME else middle
    return f"{show(value, dimension, 4)} (of {len(ran)})"


def mean_speed(taken: Sequence[Taken]) -> float | None:
    """Returns the geometric mean of the rates of several runs; None if none has one."""
    logs = [math.log(one.speed.value) for one in taken if one.speed]
    return math.exp(fmean(logs)) if logs else None


def change(ratio: Interval | None) -> str:
    """Returns ``-3.1% (-3.6 to -2.6)``: how the rate changed."""
    if ratio is None:
        return "–"
    value, low, high = (100 * (one - 1) for one in (ratio.value, ratio.low, ratio.high))
    decimals = 2 if high - low < 1 else 1
    upper = f"above +{MOST:.0f}" if low < MOST <= high else f"{high:+.{decimals}f}"
    return f"{value:+.{decimals}f}% ({low:+.{decimals}f} to {upper})"


def ratio_text(ratio: Interval | None, column: str) -> str:
    """Formats a ratio for its column: a share of the published figure, or a change."""
    return share(ratio) if column == "achieved" else change(ratio)


def share(fraction: Interval | None) -> str:
    """Returns ``81.2% (80.4–82.1)``."""
    from bench.report.text.digits import percent

    return percent(fraction)


def _flat(row: Row, finding: Finding) -> dict[str, Scalar]:
    one, found = row.taken, row.ratio
    first = middle(row.before)
    throttle = [" ".join(taken.throttle) if taken else "" for taken in (first, row.now)]
    return {
        "record": finding.record,
        "backend": finding.backend,
        "against": " ".join(finding.against),
        "exit_code": finding.code,
        "measurement": one.title,
        **{key: one.of.get(key, "") for key in ("figure", "kernel", "dtype")},
        "name": " ".join(dict.fromkeys(word for word in one.name if _is_informative(word))),
        "verdict": row.judged or row.verdict.value,
        "counts": row.counts,
        "row_code": row.code,
        "reason": row.reason,
        **bounds("ratio", found),
        "measured_before": mean_speed(row.before),
        "published": row.published,
        "limit": row.limit,
        "measured": row.now.speed.value if row.now and row.now.speed else None,
        "unit": one.dimension.value,
        "runs_before": sum(taken.speed is not None for taken in row.before),
        "clock_ratio": row.clock,
        "throttle_before": throttle[0],
        "throttle": throttle[1],
        "shape_before": first.shape if first else "",
        "shape": row.now.shape if row.now else "",
        "level": finding.strictness.get("level"),
        "least": finding.strictness.get("least"),
        "margin": _margin(row, finding),
    }


def _margin(row: Row, finding: Finding) -> float | None:
    """Returns the margin by which a row was judged; None against runs, or by a limit of its own."""
    has_limit = row.taken.of.get("figure") in finding.limited
    return None if has_limit else finding.strictness.get("margin")


def _is_informative(word: str) -> bool:
    """Returns whether a word of a name is informative; sizes that nobody fixed are not."""
    return bool(word) and not word.endswith("=None")
