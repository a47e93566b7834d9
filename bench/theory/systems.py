"""Figures of a system: those that its maker prints, else the sums over its members.

And of many chips of one kind, which are no system: each figure times their number, with systems as
their boards.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Basis, Chip, Figure, Member, Published
from bench.units import MONEY, Dimension, Quantity, scale

ADDED = (
    "memory_capacity", "memory_bandwidth", "link_bandwidth", "link_bandwidth_oneway", "die_area",
    "logic_area", "transistors", "units",
)  # fmt: skip
"""Figures that are summed over members, in addition to rates. Power and price are not: a system's
are more than its members'."""
OF_BOARDS = ("tdp", "price_usd", "price_cny")
"""Figures that many chips have as a multiple, too: of the boards alone, with no host."""
Some = TypeVar("Some", bound=Published)


def complete(chip: Chip, catalogue: Catalogue) -> Chip:
    """Returns a chip as it is, and a system with sums of its members where it prints nothing.

    A sum has a formula and ``origin: computed``. If one member lacks a figure, there is no sum.
    """
    if not chip.members:
        return chip
    sums = {
        key: made
        for key in _addable()
        if key not in chip.figures and (made := _sum(key, chip.members, catalogue))
    }
    return chip.model_copy(update={"figures": {**chip.figures, **sums}})


def many(chip: Chip, count: int, chips: Mapping[str, Chip]) -> Chip:
    """Returns a number of chips of one kind as one: rates, memory, power and price times it.

    A system counts as its boards: their figures go before what it prints, which may be of hosts,
    too. Its own price, which only a user gives, goes before theirs.
    """
    keys = {*_addable(), *OF_BOARDS}
    figures = {key: _times(one, count) if key in keys else one for key, one in chip.figures.items()}
    names = {"id": f"{count} x {chip.id}", "name": f"{count:,} x {chip.name}"}
    if len(chip.members) != 1:
        return chip.model_copy(update={**names, "figures": figures})
    (member,) = chip.members
    boards = many(chips[member.chip], count * member.count, chips)
    known = {key: one for key, one in boards.figures.items() if one.number is not None}
    prices = {key: one for key, one in figures.items() if key in OF_BOARDS and key != "tdp"}
    figures.pop("tdp", None)
    merged = {**boards.figures, **figures, **known, **prices}
    update = {**names, "figures": merged, "kind": boards.kind, "members": ()}
    return chip.model_copy(update=update)


def _times(figure: Some, count: int) -> Some:
    """Returns a figure times a number, with its rivals; one without a number as it is."""
    update: dict[str, object] = {}
    if isinstance(figure.value, Quantity):
        total, dimension = count * figure.value.si, figure.value.dimension
        value = Quantity(total, dimension, _text(total, dimension))
        update = {"value": value, "formula": f"{count} x {figure.value}"}
    if isinstance(figure, Figure):
        update["rivals"] = tuple(_times(one, count) for one in figure.rivals)
    return figure.model_copy(update=update)


def _addable() -> Iterable[str]:
    return (key for key, kind in FIGURES.items() if kind.is_rate or key in ADDED)


def _sum(key: str, members: tuple[Member, ...], catalogue: Catalogue) -> Figure | None:
    """Returns the sum of a figure over members; None if one of them lacks it."""
    parts = [(one.count, catalogue.chips[one.chip].figures.get(key)) for one in members]
    numbers = [(count, figure) for count, figure in parts if figure and figure.number is not None]
    if len(numbers) < len(parts):
        return None
    total = sum(count * (figure.number or 0.0) for count, figure in numbers)
    dimension = FIGURES[key].dimension
    return Figure(
        value=Quantity(total, dimension, _text(total, dimension)),
        source=numbers[0][1].source,
        basis=_basis(figure.basis for _, figure in numbers),
        formula=" + ".join(f"{count} x {figure.value}" for count, figure in numbers),
        origin="computed",
    )


def _text(total: float, dimension: Dimension) -> str:
    if dimension is Dimension.COUNT and total >= 1e9:
        return f"{total / 1e9:.6g} billion"
    value, unit = scale(total, dimension)
    if dimension in MONEY:
        return f"{value:,.0f} {unit}"
    return f"{value:.6g} {'mm²' if dimension is Dimension.AREA else unit}".strip()


def _basis(found: Iterable[Basis | None]) -> Basis | None:
    """Returns the least certain of the members' bases."""
    known = [one for one in found if one]
    return max(known, key=list(Basis).index, default=None)
