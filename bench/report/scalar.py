"""What a flat row may hold, and rows that are made only when somebody looks at them."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar, overload

Scalar = str | int | float | bool | None
Row = TypeVar("Row")


class Made(Sequence[Row]):
    """Rows, made when first looked at: not every format has a use for them."""

    def __init__(self, make: Callable[[], Iterable[Row]]) -> None:
        self._make = make
        self._made: list[Row] | None = None

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        """Returns one row, or some."""
        return self._all()[place]

    def __len__(self) -> int:
        """Returns how many there are."""
        return len(self._all())

    def _all(self) -> list[Row]:
        if self._made is None:
            self._made = list(self._make())
        return self._made


Rows = Made[dict[str, Scalar]]
"""Flat rows: a format of words has no use for them."""
