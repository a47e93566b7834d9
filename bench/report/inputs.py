"""What the inputs do to one product: its rate on normal data, and that of others beside it."""

import math
from collections.abc import Iterator, Sequence

from bench.chips.load import Catalogue
from bench.records.model import Record
from bench.report.digits import with_interval
from bench.report.scalar import Scalar
from bench.report.table import Section
from bench.verdict import Interval, Row, Verdict, shape

TITLE = "What the inputs do"
PLAIN = "normal"
OTHERS = ("uniform", "integers", "constant", "zeros")
COLUMNS = (
    "product", "on normal data (95%)", *(f"{one} / normal (95%)" for one in OTHERS),
    "a flattering input",
)  # fmt: skip

Family = dict[str, Row]


def families(judged: Sequence[Row]) -> list[Family]:
    """Returns rows of one configuration by their data, where normal data and others are there.

    A configuration that was searched for is none: it is another for each kind of data.
    """
    found: dict[tuple[object, ...], Family] = {}
    for row in judged:
        one = row.measurement
        if row.measured and not one.search and row.verdict is not Verdict.IMPLAUSIBLE:
            alike = (one.kernel, one.dtype, one.label, *sorted(one.parameters.items()))
            found.setdefault(alike, {}).setdefault(one.data, row)
    return [one for one in found.values() if PLAIN in one and len(one) > 1]


def folded(judged: Sequence[Row]) -> list[Row]:
    """Returns the rows of a record's first table: of a family, that on normal data alone."""
    hidden = {id(row) for one in families(judged) for data, row in one.items() if data != PLAIN}
    return [row for row in judged if id(row) not in hidden]


def input_sections(
    record: Record,
    judged: Sequence[Row],
    catalogue: Catalogue,  # noqa: ARG001 -- a maker's signature
) -> Iterator[Section]:
    """Yields one row for each product that was measured on several kinds of data."""
    found = families(judged)
    if found:
        flat = [_flat(record, one) for one in found]
        yield Section(TITLE, COLUMNS, tuple(map(_cells, found)), flat)


def ratio(other: Row, plain: Row) -> Interval | None:
    """Returns one rate over another; relative half-widths add as those of independent ones do."""
    above, below = other.measured, plain.measured
    if above is None or below is None:
        return None
    value = above.value / below.value
    down = math.hypot(math.log(above.value / above.low), math.log(below.high / below.value))
    up = math.hypot(math.log(above.high / above.value), math.log(below.value / below.low))
    return Interval(value, value * math.exp(-down), value * math.exp(up))


def _ratios(one: Family) -> dict[str, Interval]:
    told = {data: ratio(one[data], one[PLAIN]) for data in OTHERS if data in one}
    return {data: found for data, found in told.items() if found}


def _cells(one: Family) -> tuple[str, ...]:
    plain, ratios = one[PLAIN], _ratios(one)
    told = with_interval(plain.measured, plain.dimension) if plain.measured else "–"
    words = (_words(ratios[data]) if data in ratios else "–" for data in OTHERS)
    name = f"{plain.measurement.dtype} {plain.measurement.kernel}, {shape(plain.measurement)}"
    return name, told, *words, _sentence(ratios)


def _words(one: Interval) -> str:
    return f"{one.value:.3f} ({one.low:.3f}–{one.high:.3f})"


def _sentence(ratios: dict[str, Interval]) -> str:
    """Returns how much the most flattering input adds, if its interval says that it does."""
    data = max(ratios, key=lambda name: ratios[name].value)
    gain = ratios[data]
    if gain.low <= 1.0:
        return "none of them makes this chip faster than normal data does"
    told = (f"{100 * (one - 1):.1f}" for one in (gain.value, gain.low, gain.high))
    return "{} inflate this chip by {}% ({}–{})".format(data.capitalize(), *told)


def _flat(record: Record, one: Family) -> dict[str, Scalar]:
    plain, ratios = one[PLAIN], _ratios(one)
    told: dict[str, Scalar] = {
        "record": record.id,
        "kernel": plain.measurement.kernel,
        "dtype": plain.measurement.dtype,
        "parameters": " ".join(f"{k}={v}" for k, v in plain.measurement.parameters.items()),
        "unit": plain.dimension.value,
        "normal": plain.measured.value if plain.measured else None,
    }
    for data in OTHERS:
        found = ratios.get(data)
        told[f"{data}_over_normal"] = found.value if found else None
        told[f"{data}_over_normal_low"] = found.low if found else None
        told[f"{data}_over_normal_high"] = found.high if found else None
    return told
