"""Selects which of several rows represents a figure."""

from collections.abc import Iterable, Iterator

from bench.verdict import RATED, Row


def standing(judged: Iterable[Row]) -> Iterator[tuple[Row, ...]]:
    """Yields, per figure, the best row of each form; the first represents the figure.

    That is the plain form, or else the fastest. Excluded are work whose rate no figure promises,
    points of a curve, and rows with other inputs than the run's own.
    """
    best: dict[str, dict[str, tuple[float, Row]]] = {}
    for row in judged:
        one = row.measurement
        if row.measured and row.key and one.decides and not one.group and not row.apart:
            forms, value = best.setdefault(row.key, {}), row.measured.value
            form = "" if "stream" in one.parameters else one.label  # any stream is the bandwidth
            if form not in forms or value > forms[form][0]:
                forms[form] = (value, row)
    for forms in best.values():
        ranked = sorted(forms.items(), key=lambda form: (form[0] != "", -form[1][0]))
        yield tuple(row for _, (_, row) in ranked)


def nearest(judged: Iterable[Row]) -> dict[str, Row]:
    """Returns, per figure, the row that came nearest to it, of any form or stream.

    A figure is reached if any implementation reaches it; implausible rows do not count.
    """
    best: dict[str, Row] = {}
    for row in judged:
        if row.verdict in RATED and row.fraction:
            held = best.get(row.key)
            if not held or not held.fraction or row.fraction.value > held.fraction.value:
                best[row.key] = row
    return best
