"""The table of a group of rows, such as a curve, without its empty columns."""

from collections.abc import Sequence

from bench.verdict import RATED, Row, Verdict

VERDICT = "verdict and reason"
REMARK = "remark"
SAYS_NOTHING = ("", "–")

Cells = tuple[tuple[str, ...], ...]


def remark(row: Row) -> str:
    """Returns :func:`remarks` as one line."""
    return "; ".join(remarks(row))


def remarks(row: Row) -> tuple[str, ...]:
    """Returns the remarks on a row, such as ``noisy``; if it has no rate, its fault."""
    if row.verdict in (*RATED, Verdict.UNRATED):
        return row.reasons[1:]
    return (f"{row.verdict.value}: {row.reason}",)


def trimmed(
    columns: Sequence[str], cells: Cells, judged: Sequence[Row]
) -> tuple[tuple[str, ...], Cells]:
    """Returns a group's table without its empty columns.

    If no row tests a figure, every verdict would only say so: remarks take their place.
    """
    names = list(columns)
    if VERDICT in names and not any(row.measurement.figures for row in judged):
        place = names.index(VERDICT)
        names[place] = REMARK
        pairs = zip(cells, judged, strict=True)
        cells = tuple((*one[:place], remark(row), *one[place + 1 :]) for one, row in pairs)
    return without_empty(names, cells)


def without_empty(columns: Sequence[str], cells: Cells) -> tuple[tuple[str, ...], Cells]:
    """Returns a table without the columns in which no row says anything."""
    kept = [
        place
        for place in range(len(columns))
        if not place or any(row[place] not in SAYS_NOTHING for row in cells)
    ]
    return (
        tuple(columns[place] for place in kept),
        tuple(tuple(row[place] for place in kept) for row in cells),
    )
