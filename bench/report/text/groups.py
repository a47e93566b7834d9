"""Tables without empty columns, for groups of rows such as a curve; remarks on single rows."""

from collections.abc import Sequence

from bench.judging.verdict import RATED, Row, Verdict

VERDICT = "verdict and reason"
REMARK = "remark"
SAYS_NOTHING = ("", "–")
"""Cells that count as empty."""

Cells = tuple[tuple[str, ...], ...]


def remark(row: Row) -> str:
    """Returns :func:`remarks` as one line."""
    return "; ".join(remarks(row))


def remarks(row: Row) -> tuple[str, ...]:
    """Returns the remarks on a row, such as ``noisy``; if it has no rate, the reason why."""
    if row.verdict in (*RATED, Verdict.UNRATED):
        return row.reasons[1:]
    return (f"{row.verdict.value}: {row.reason}",)


def trimmed(
    columns: Sequence[str], cells: Cells, judged: Sequence[Row]
) -> tuple[tuple[str, ...], Cells]:
    """Returns the columns and cells of a group's table without its empty columns.

    If no row of the group tests a published figure, all verdicts would be the same: the column of
    verdicts becomes one of remarks.

    Args:
        columns: heads of the columns.
        cells: texts, one tuple per row.
        judged: the rows themselves, in the same order.
    """
    heads = list(columns)
    if VERDICT in heads and not any(row.measurement.figures for row in judged):
        index = heads.index(VERDICT)
        heads[index] = REMARK
        pairs = zip(cells, judged, strict=True)
        cells = tuple((*texts[:index], remark(row), *texts[index + 1 :]) for texts, row in pairs)
    return without_empty(heads, cells)


def without_empty(columns: Sequence[str], cells: Cells) -> tuple[tuple[str, ...], Cells]:
    """Returns columns and cells without empty columns; the first column always stays."""
    kept = [
        index
        for index in range(len(columns))
        if not index or any(row[index] not in SAYS_NOTHING for row in cells)
    ]
    return (
        tuple(columns[index] for index in kept),
        tuple(tuple(row[index] for index in kept) for row in cells),
    )
