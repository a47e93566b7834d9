"""Table of how the input data change the rate of a product: other inputs beside the run's own."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from bench.chips.load import Catalogue
from bench.judging.rates import Interval
from bench.judging.titles import inputs, own_inputs, sizes
from bench.judging.verdict import Row, Verdict
from bench.records.model import Record
from bench.report.table import Section
from bench.report.text.digits import with_interval
from bench.report.text.groups import remarks
from bench.report.text.scalar import Scalar, bounds

TITLE = "What the inputs do"
ORDER = ("normal", "uniform", "integers", "constant", "zeros")
"""Kinds of inputs in the order of the columns."""
FLATTER = "inputs flatter"
"""Part of the remark on flattering inputs; left out here, where the whole table is about them."""

Ratios = dict[str, Interval]
"""Rate on other inputs over the rate on the run's own, by kind of inputs."""


@dataclass(frozen=True)
class Family:
    """Rows of the same product on different inputs.

    Attributes:
        plain: the row on the run's own inputs; None if there is none.
        others: rows on other inputs, by kind of inputs.
    """

    plain: Row | None
    others: dict[str, Row]

    @property
    def first(self) -> Row:
        """Returns the row that names the product."""
        return self.plain or next(iter(self.others.values()))


def families(judged: Sequence[Row]) -> list[Family]:
    """Returns all rows on other inputs than the run's own, with the row that each is compared to.

    Args:
        judged: all rows of a record.
    """
    found: list[Family] = []
    for row in judged:
        if row.apart:
            data, plain = row.measurement.data, _partner(row, judged)
            family = next((one for one in found if _belongs(row, plain, one)), None)
            if family:
                family.others[data] = row
            else:
                found.append(Family(plain, {data: row}))
    return found


def _partner(row: Row, judged: Sequence[Row]) -> Row | None:
    """Returns the row on the run's own inputs to compare with.

    It has the same sizes, or else those that a search found, if this row was searched, too, or has
    no rate.
    """
    measurement = row.measurement
    own = [one for one in judged if not one.apart and _is_valid(one) and _alike(one, row)]
    same = (one for one in own if one.measurement.parameters == measurement.parameters)
    any_size = measurement.search or not row.measured
    searched = (one for one in own if one.measurement.search and any_size)
    return next(chain(same, searched), None)


def _belongs(row: Row, plain: Row | None, family: Family) -> bool:
    """Tells whether a row belongs to a family that has no row on its kind of inputs yet.

    Args:
        row: on other inputs than the run's own.
        plain: the row that it is compared to.
        family: rows found so far.
    """
    free = row.measurement.data not in family.others
    if plain or family.plain:
        return free and plain is family.plain
    same = row.measurement.parameters == family.first.measurement.parameters
    return free and same and _alike(row, family.first)


def _alike(one: Row, other: Row) -> bool:
    """Tells whether two rows are of the same kernel, number format and label."""
    first, second = one.measurement, other.measurement
    names = ("kernel", "dtype", "label")
    return all(getattr(first, name) == getattr(second, name) for name in names)


def _is_valid(row: Row) -> bool:
    """Tells whether a row has a rate that is not implausible."""
    return row.measured is not None and row.verdict is not Verdict.IMPLAUSIBLE


def input_sections(
    record: Record,
    judged: Sequence[Row],
    catalogue: Catalogue,  # noqa: ARG001 -- a maker's signature
) -> Iterator[Section]:
    """Yields a table with one row per product that was measured on other inputs than the run's."""
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
    """Returns one rate over the other; in logs, half-widths add as independent errors do.

    None if a rate is missing, or the rate on other inputs is implausible.
    """
    above, below = other.measured, plain.measured
    if above is None or below is None or not _is_valid(other):
        return None
    value = above.value / below.value
    down = math.hypot(math.log(above.value / above.low), math.log(below.high / below.value))
    up = math.hypot(math.log(above.high / above.value), math.log(below.value / below.low))
    return Interval(value, value * math.exp(-down), value * math.exp(up))


def ratios(family: Family) -> Ratios:
    """Returns the ratios to the rate on the run's own inputs, in the order of the columns."""
    if family.plain is None:
        return {}
    found = {
        data: ratio(family.others[data], family.plain) for data in ORDER if data in family.others
    }
    return {data: value for data, value in found.items() if value}


def _same_sizes(family: Family, data: str) -> bool:
    plain, other = family.plain, family.others[data]
    return plain is not None and other.measurement.parameters == plain.measurement.parameters


def _cells(family: Family, used: Sequence[str], own: str) -> tuple[str, ...]:
    """Returns the cells of one product.

    Args:
        family: its rows.
        used: the kinds of inputs that have a column.
        own: the run's own kind of inputs.
    """
    rate = _rate(family.plain) if family.plain else "–"
    found = ratios(family)
    texts = (_ratio_text(family, data, found) for data in used)
    same_sizes = {data: value for data, value in found.items() if _same_sizes(family, data)}
    return _name(family), rate, *texts, sentence(same_sizes or found, own)


def _name(family: Family) -> str:
    """Returns number format, kernel, label and sizes of a product."""
    measurement = family.first.measurement
    words = (measurement.dtype, measurement.kernel, measurement.label)
    size = sizes(measurement) if family.first.measured else ""
    return ", ".join(filter(None, (" ".join(filter(None, words)), size)))


def _rate(row: Row) -> str:
    text = row.paper.text if row.paper else ""
    return with_interval(row.measured, row.dimension, text)


def _ratio_text(family: Family, data: str, found: Ratios) -> str:
    """Returns the ratio on one kind of inputs with its interval, or why there is none."""
    if data not in family.others:
        return "–"
    if data not in found:
        row = family.others[data]
        return "nothing to compare with" if _is_valid(row) else row.verdict.value
    value, low, high = (f"{x:.3f}" for x in (found[data].value, found[data].low, found[data].high))
    where = "" if _same_sizes(family, data) else ", at other sizes"
    return f"{value} ({low}–{high}){where}"


def sentence(found: Ratios, own: str = "normal") -> str:
    """Returns by how much the most flattering inputs raise the rate, if the interval is above 1."""
    if not found:
        return "–"
    data = max(found, key=lambda name: found[name].value)
    gain = found[data]
    if gain.low <= 1.0:
        return f"none of them is clearly faster than {inputs(own)}"
    percents = (f"{100 * (one - 1):.1f}" for one in (gain.value, gain.low, gain.high))
    return "{} inflate this chip by {}% ({}–{})".format(data.capitalize(), *percents)


def _line(family: Family, used: Sequence[str]) -> str:
    """Returns the rate on each kind of inputs with its interval and remarks, as a sentence."""
    clauses = (_clause(family, data) for data in used if data in family.others)
    return f"{_name(family)}: {', '.join(clauses)}."


def _clause(family: Family, data: str) -> str:
    """Returns rate and remarks on one kind of inputs; also the sizes, if they are others."""
    row = family.others[data]
    other_sizes = sizes(row.measurement) if row.measured and not _same_sizes(family, data) else ""
    kept = [remark for remark in remarks(row) if FLATTER not in remark]
    notes = "; ".join(filter(None, (other_sizes, *kept)))
    rate = f" {_rate(row)}" if row.measured else ""
    return f"{inputs(data)}{rate}{f' ({notes})' if notes else ''}"


def _flat(record: Record, family: Family, own: str) -> dict[str, Scalar]:
    measurement, found, plain = family.first.measurement, ratios(family), family.plain
    flat: dict[str, Scalar] = {
        "record": record.id,
        "kernel": measurement.kernel,
        "dtype": measurement.dtype,
        "parameters": " ".join(f"{k}={v}" for k, v in measurement.parameters.items()),
        "unit": family.first.dimension.value,
        own: plain.measured.value if plain and plain.measured else None,
    }
    for data in (data for data in ORDER if data != own):
        row, over = family.others.get(data), found.get(data)
        flat |= bounds(data, row.measured if row else None)
        flat |= bounds(f"{data}_over_{own}", over)
    return flat
