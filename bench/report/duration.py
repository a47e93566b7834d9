"""Durations as text."""

from bench.units import significant


def duration(seconds: float, digits: int = 3) -> str:
    """Formats a time in s, ms or µs."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{significant(seconds / size, digits)} {unit}"
    return f"{significant(seconds * 1e6, digits)} µs"
