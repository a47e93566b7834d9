"""The search space as a grid, indexed so that neighbours are found without a scan."""

from bench.kernels.common.base import Point

Value = int | str
REACH = (-2, -1, 1, 2)


class Grid:
    """Configurations of one kernel, addressable by their parameters."""

    def __init__(self, points: list[Point]) -> None:
        self.points = points
        self._names = tuple(points[0].parameters)
        self._values = [self._sorted(name) for name in self._names]
        self._index = {self._key(point): number for number, point in enumerate(points)}

    def _sorted(self, name: str) -> list[Value]:
        values = {point.parameters[name] for point in self.points}
        return sorted(values, key=lambda value: (isinstance(value, str), value))

    def _key(self, point: Point) -> tuple[Value, ...]:
        return tuple(point.parameters[name] for name in self._names)

    def neighbours(self, number: int) -> list[int]:
        """Returns the configurations one or two steps away in a single parameter."""
        here = self._key(self.points[number])
        keys = [
            (*here[:place], values[rank + step], *here[place + 1 :])
            for place, values in enumerate(self._values)
            for rank in [values.index(here[place])]
            for step in REACH
            if 0 <= rank + step < len(values)
        ]
        return [self._index[key] for key in keys if key in self._index]
