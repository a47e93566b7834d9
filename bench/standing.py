"""Selects which of several rows represents a figure."""

from collections.abc import Iterable, Iterator

from bench.verdict import RATED, Row


def standing(judged: Iterable[Row]) -> Iterator[tuple[Row, ...]]:
    """Yields, per figure, the best row of each form; the first represents the figure.

    That is the plain form, or else the fastest. Excluded are work whose rate no figure promises,
    points of a curve, and rows with other inputs than the run's own. Work that cannot test the
    figure represents it only where there is no other.
    """
    best: dict[str, dict[str, tuple[tuple[bool, float], Row]]] = {}
    for row in judged:
        measured = row.measurement
        if row.measured and row.key and measured.decides and not (measured.group or row.apart):
            forms, value = best.setdefault(row.key, {}), (row.tests, row.measured.value)
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
