"""Selects which of several rows represents a figure."""

from collections.abc import Iterable, Iterator, Sequence

from bench.judging.energy import keeps_up
from bench.judging.titles import sizes
from bench.judging.verdict import RATED, Row, Verdict


def standing(judged: Iterable[Row], *, by_burst: bool = False) -> Iterator[tuple[Row, ...]]:
    """Yields, per figure, the best row of each form; the first represents the figure.

    The best has the highest sustained rate, or with ``by_burst`` the highest burst.

    That is the plain form, or else the fastest. Excluded are work whose rate no figure promises,
    points of a curve, and rows with other inputs than the run's own. Work that cannot test the
    figure represents it only where there is no other.
    """
    best: dict[str, dict[str, tuple[tuple[bool, float], Row]]] = {}
    for row in judged:
        measured = row.measurement
        if row.measured and row.key and measured.decides and not (measured.group or row.apart):
            rate = row.burst or 0.0 if by_burst else row.measured.value
            forms, value = best.setdefault(row.key, {}), (row.tests, rate)
            # any stream measures the bandwidth
            form = "" if "stream" in measured.parameters else measured.label
            if form not in forms or value > forms[form][0]:
                forms[form] = (value, row)
    for forms in best.values():
        ranked = sorted(forms.items(), key=lambda form: form[1][0], reverse=True)
        ranked.sort(key=lambda form: form[0] != "")
        yield tuple(row for _, (_, row) in ranked)


def nearest(judged: Iterable[Row]) -> dict[str, Row]:
    """Returns, per figure, the row that came nearest to it, of any form or stream.

    A figure is reached if any implementation reaches it; implausible rows do not count.
    """
    best: dict[str, Row] = {}
    for row in judged:
        if row.verdict in RATED and row.fraction:
            so_far = best.get(row.key)
            if not so_far or not so_far.fraction or row.fraction.value > so_far.fraction.value:
                best[row.key] = row
    return best


def lowest_stream(key: str, judged: Iterable[Row]) -> Row | None:
    """Returns the stream that stays furthest below a figure; None unless several test it."""
    found = [row for row in judged if row.key == key and row.verdict in RATED and _is_stream(row)]
    return min(found, key=_share) if len(found) > 1 else None


def stream_words(key: str, judged: Iterable[Row], decimals: int = 1) -> str:
    """Returns ``lowest stream: copy 89.4%`` for a figure; empty unless several streams test it.

    Args:
        key: the figure's key.
        judged: all rows of the record.
        decimals: of the percentage.
    """
    row = lowest_stream(key, judged)
    if row is None:
        return ""
    return f"lowest stream: {row.measurement.parameters['stream']} {_share(row):.{decimals}%}"


def short_besides(judged: Sequence[Row]) -> list[Row]:
    """Returns the short rows of which another form comes nearer to the figure, without streams."""
    best = nearest(judged)
    return [
        row for row in judged
        if row.verdict is Verdict.SHORT and row is not best.get(row.key) and not _is_stream(row)
    ]  # fmt: skip


def form_title(row: Row) -> str:
    """Returns the title of a form; of a sustained load with its shape, which no search chose."""
    at = f" at {sizes(row.measurement)}" if keeps_up(row.measurement) else ""
    return f"{row.title}{at}"


def _is_stream(row: Row) -> bool:
    return "stream" in row.measurement.parameters


def _share(row: Row) -> float:
    return row.fraction.value if row.fraction else 0.0
