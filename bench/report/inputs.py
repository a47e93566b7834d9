"""What the inputs do to one product: its rate on the run's own, and that on others beside it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from bench.chips.load import Catalogue
from bench.chips.paper import Paper
from bench.rates import Interval
from bench.records.model import Record
from bench.report.digits import with_interval
from bench.report.groups import remarks
from bench.report.scalar import Scalar
from bench.report.table import Section
from bench.titles import inputs, own_inputs, sizes
from bench.verdict import Row, Verdict

TITLE = "What the inputs do"
ORDER = ("normal", "uniform", "integers", "constant", "zeros")
FLATTER = "inputs flatter"
"""What a row's own remark says of them; here the whole table does."""

Ratios = dict[str, Interval]


@dataclass(frozen=True)
class Family:
    """One piece of work: on the run's own inputs, if that was measured, and on others by name."""

    plain: Row | None
    others: dict[str, Row]

    @property
    def first(self) -> Row:
        """Returns the row that names the work."""
        return self.plain or next(iter(self.others.values()))


def families(judged: Sequence[Row]) -> list[Family]:
    """Returns every row on other inputs than the run's own, beside the row that it is held to."""
    found: list[Family] = []
    for row in judged:
        if row.apart:
            data, plain = row.measurement.data, _partner(row, judged)
            fitting = (one for one in found if _joins(row, plain, one))
            held = next(fitting, None)
            if held:
                held.others[data] = row
            else:
                found.append(Family(plain, {data: row}))
    return found


def _partner(row: Row, judged: Sequence[Row]) -> Row | None:
    """Returns the row on the run's own inputs at the same sizes, or else the one searched for."""
    told = row.measurement
    own = [one for one in judged if not one.apart and _believed(one) and _alike(one, row)]
    same = (one for one in own if one.measurement.parameters == told.parameters)
    chosen = (one for one in own if one.measurement.search and (told.search or not row.measured))
    return next(chain(same, chosen), None)


def _joins(row: Row, plain: Row | None, held: Family) -> bool:
    """Tells whether a row is of a family, which has a place for each kind of inputs."""
    free = row.measurement.data not in held.others
    if plain or held.plain:
        return free and plain is held.plain
    same = row.measurement.parameters == held.first.measurement.parameters
    return free and same and _alike(row, held.first)


def _alike(one: Row, other: Row) -> bool:
    first, second = one.measurement, other.measurement
    names = ("kernel", "dtype", "label")
    return all(getattr(first, name) == getattr(second, name) for name in names)


def _believed(row: Row) -> bool:
    return row.measured is not None and row.verdict is not Verdict.IMPLAUSIBLE


def input_sections(
    record: Record,
    judged: Sequence[Row],
    catalogue: Catalogue,  # noqa: ARG001 -- a maker's signature
) -> Iterator[Section]:
    """Yields one row for each product that was measured on other inputs than the run's own."""
    found, own = families(judged), own_inputs(record)
    if not found:
        return
    used = [data for data in ORDER if any(data in one.others for one in found)]
    columns = (
        "product",
        f"on {inputs(own)} (95%)",
        *(f"{data} / {own} (95%)" for data in used),
        "a flattering input",
    )
    cells = tuple(_cells(one, used, own) for one in found)
    flat = [_flat(record, one, own) for one in found]
    yield Section(TITLE, columns, cells, flat, tuple(_line(one, used) for one in found))


def ratio(other: Row, plain: Row) -> Interval | None:
    """Returns one rate over another; relative half-widths add as those of independent ones do."""
    above, below = other.measured, plain.measured
    if above is None or below is None or not _believed(other):
        return None
    value = above.value / below.value
    down = math.hypot(math.log(above.value / above.low), math.log(below.high / below.value))
    up = math.hypot(math.log(above.high / above.value), math.log(below.value / below.low))
    return Interval(value, value * math.exp(-down), value * math.exp(up))


def ratios(one: Family) -> Ratios:
    """Returns what can be held to the run's own inputs, by name, in the order of the table."""
    if one.plain is None:
        return {}
    told = {data: ratio(one.others[data], one.plain) for data in ORDER if data in one.others}
    return {data: found for data, found in told.items() if found}


def _same_sizes(one: Family, data: str) -> bool:
    plain, other = one.plain, one.others[data]
    return plain is not None and other.measurement.parameters == plain.measurement.parameters


def _cells(one: Family, used: Sequence[str], own: str) -> tuple[str, ...]:
    told = _rate(one.plain) if one.plain else "–"
    found = ratios(one)
    words = (_words(one, data, found) for data in used)
    at_one = {data: value for data, value in found.items() if _same_sizes(one, data)}
    return _name(one), told, *words, sentence(at_one or found, own)


def _name(one: Family) -> str:
    told = one.first.measurement
    words = " ".join(word for word in (told.dtype, told.kernel, told.label) if word)
    return ", ".join(word for word in (words, sizes(told) if one.first.measured else "") if word)


def _rate(row: Row) -> str:
    text = row.published.text if isinstance(row.published, Paper) else ""
    return with_interval(row.measured, row.dimension, text) if row.measured else "–"


def _words(one: Family, data: str, found: Ratios) -> str:
    if data not in one.others:
        return "–"
    if data not in found:
        row = one.others[data]
        return "nothing to compare with" if _believed(row) else row.verdict.value
    value, low, high = (f"{x:.3f}" for x in (found[data].value, found[data].low, found[data].high))
    where = "" if _same_sizes(one, data) else ", at other sizes"
    return f"{value} ({low}–{high}){where}"


def sentence(found: Ratios, own: str = "normal") -> str:
    """Returns how much the most flattering input adds, if its interval says that it does."""
    if not found:
        return "–"
    data = max(found, key=lambda name: found[name].value)
    gain = found[data]
    if gain.low <= 1.0:
        return f"none of them is clearly faster than {inputs(own)}"
    told = (f"{100 * (one - 1):.1f}" for one in (gain.value, gain.low, gain.high))
    return "{} inflate this chip by {}% ({}–{})".format(data.capitalize(), *told)


def _line(one: Family, used: Sequence[str]) -> str:
    """Returns the rate on each of the inputs with its interval and what has to be said of it."""
    told = (_told(one, data) for data in used if data in one.others)
    return f"{_name(one)}: {', '.join(told)}."


def _told(one: Family, data: str) -> str:
    row = one.others[data]
    apart = sizes(row.measurement) if row.measured and not _same_sizes(one, data) else ""
    parts = [part for part in remarks(row) if FLATTER not in part]
    words = "; ".join(filter(None, (apart, *parts)))
    rate = f" {_rate(row)}" if row.measured else ""
    return f"{inputs(data)}{rate}{f' ({words})' if words else ''}"


def _flat(record: Record, one: Family, own: str) -> dict[str, Scalar]:
    told, found = one.first.measurement, ratios(one)
    flat: dict[str, Scalar] = {
        "record": record.id,
        "kernel": told.kernel,
        "dtype": told.dtype,
        "parameters": " ".join(f"{k}={v}" for k, v in told.parameters.items()),
        "unit": one.first.dimension.value,
        own: one.plain.measured.value if one.plain and one.plain.measured else None,
    }
    for data in (data for data in ORDER if data != own):
        row, over = one.others.get(data), found.get(data)
        _spread(flat, data, row.measured if row else None)
        _spread(flat, f"{data}_over_{own}", over)
    return flat


def _spread(flat: dict[str, Scalar], name: str, value: Interval | None) -> None:
    flat[name] = value.value if value else None
    flat[f"{name}_low"] = value.low if value else None
    flat[f"{name}_high"] = value.high if value else None
