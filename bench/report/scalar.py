"""What a flat row may hold, and rows that are made only when somebody looks at them."""

from collections.abc import Callable, Iterable, Iterator

Scalar = str | int | float | bool | None


class Rows:
    """Flat rows, made when first looked at: a format of words has no use for them."""

    def __init__(self, make: Callable[[], Iterable[dict[str, Scalar]]]) -> None:
        self._make = make
        self._made: list[dict[str, Scalar]] | None = None

    def __iter__(self) -> Iterator[dict[str, Scalar]]:
        """Yields each row."""
        return iter(self._all())

    def __getitem__(self, place: int) -> dict[str, Scalar]:
        """Returns one row."""
        return self._all()[place]

    def __len__(self) -> int:
        """Returns how many there are."""
        return len(self._all())

    def _all(self) -> list[dict[str, Scalar]]:
        if self._made is None:
            self._made = list(self._make())
        return self._made
