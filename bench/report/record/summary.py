"""The summary of a record's rows, in sentences."""

from collections.abc import Sequence

from bench.judging.standing import form_title, nearest, short_besides, stream_words
from bench.judging.verdict import RATED, Row, Verdict
from bench.words import some_of

LISTED = 8
"""Most other forms of figures that are named."""


def summary(judged: list[Row]) -> list[str]:
    """Returns a sentence per verdict, without implausible figures, and remarks on the rows.

    Where several streams or forms of work test one figure, only the best one counts. It is named,
    as are the lowest stream and the other forms that are short.
    """
    best = nearest(judged)
    lines = [
        sentence
        for verdict in RATED
        if (sentence := _sentence(verdict, judged, list(best.values())))
    ]
    if besides := short_besides(judged):
        lines.append(f"Other forms that are short: {_listed(besides)}.")
    if disputed := [row.title for row in best.values() if _has_other_verdict(row, judged)]:
        lines.append(f"Of several streams the best counts: {'; '.join(disputed)}.")
    doubtful = [row.title for row in judged if row.verdict is Verdict.IMPLAUSIBLE]
    if doubtful:
        lines.append(f"Implausible and not counted: {', '.join(doubtful)}.")
    return lines


def _has_other_verdict(best: Row, judged: list[Row]) -> bool:
    """Tells whether another stream of the figure has another verdict than the best one."""
    return any(
        row.key == best.key and row.verdict in RATED and row.verdict is not best.verdict
        for row in judged
        if "stream" in row.measurement.parameters
    )


def _sentence(verdict: Verdict, judged: Sequence[Row], best: Sequence[Row]) -> str:
    """Returns the figures of a verdict with their shares of paper; empty if there are none."""
    rows = [row for row in best if row.verdict is verdict]
    if not rows:
        return ""
    first, *rest = rows
    head = f"{first.title} reaches {_share(first)} of paper{_streams(first, judged)}"
    others = "".join(f", {row.title} {_share(row)}{_streams(row, judged)}" for row in rest)
    return f"{verdict.value.capitalize()}: {head}{others}."


def _share(row: Row) -> str:
    return f"{row.fraction.value:.0%}" if row.fraction else "-"


def _streams(row: Row, judged: Sequence[Row]) -> str:
    words = stream_words(row.key, judged, decimals=0)
    return f" ({words})" if words else ""


def _listed(rows: Sequence[Row]) -> str:
    return some_of([f"{form_title(row)} {_share(row)}" for row in rows], LISTED)
