"""The values of flat rows, and sequences that are computed on first access."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar, overload

Scalar = str | int | float | bool | None
"""A value of a flat row."""
Row = TypeVar("Row")


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
