"""The values of flat rows, and sequences that are computed on first access."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar, overload

Scalar = str | int | float | bool | None
"""A value of a flat row."""
Row = TypeVar("Row")


class Bounded(Protocol):
    """A value with the bounds of its interval, such as a rate's or a ratio's."""

    @property
    def value(self) -> float:
        """Returns the value."""
        ...

    @property
    def low(self) -> float:
        """Returns the lower bound."""
        ...

    @property
    def high(self) -> float:
        """Returns the upper bound."""
        ...


def bounds(name: str, found: Bounded | None) -> dict[str, Scalar]:
    """Returns ``name``, ``name_low`` and ``name_high`` of a flat row; all None if it is unknown."""
    return {
        name: found.value if found else None,
        f"{name}_low": found.low if found else None,
        f"{name}_high": found.high if found else None,
    }


class Lazy(Sequence[Row]):
    """Rows that are computed on first access, because not every format needs them."""

    def __init__(self, make: Callable[[], Iterable[Row]]) -> None:
        self._make = make
        self._rows: list[Row] | None = None

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        """Returns one row, or a list of some."""
        return self._all()[place]

    def __len__(self) -> int:
        """Returns the number of rows."""
        return len(self._all())

    def _all(self) -> list[Row]:
        if self._rows is None:
            self._rows = list(self._make())
        return self._rows


Rows = Lazy[dict[str, Scalar]]
"""Flat rows for programs; formats for people do not need them."""
