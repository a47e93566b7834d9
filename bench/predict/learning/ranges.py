"""The sizes that the fit has seen, and which sizes of a question lie far outside of them."""

from collections.abc import Callable, Iterable, Mapping

from bench.predict.learning.fit import Case
from bench.predict.learning.tables import Row

FAR = 2.0
"""Factor beyond the smallest or largest size of the fit at which a size is called out of range."""
SEQUENCES, TOKENS = "sequences per copy", "tokens per sequence"
"""Names of the sizes: sequences or requests per copy of the model, and tokens of one of them."""
Range = tuple[float, float]
"""The smallest and the largest size."""
Ranges = Mapping[str, Mapping[str, Range]]
"""The range of each size, by part of the fit."""


def of_steps(steps: Iterable[Case]) -> dict[str, dict[str, Range]]:
    """Returns the ranges of measured prefill and decode steps, by phase."""
    found: dict[str, list[tuple[float, float]]] = {}
    for one in steps:
        prompt = one.row["tokens"] / one.row["batch"]
        generated = one.row["output"] / 2 if one.phase == "decode" else 0.0
        found.setdefault(one.phase, []).append((one.row["batch"], prompt + generated))
    return {phase: _ranges(sizes) for phase, sizes in found.items()}


def of_serving(rows: Iterable[Row], part: Callable[[Row], str]) -> dict[str, dict[str, Range]]:
    """Returns the ranges of rows of serving by part; requests are spread over ``dp`` copies."""
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        sizes = row["concurrency"] / row["dp"], row["input"] + row["output"]
        found.setdefault(part(row), []).append(sizes)
    return {name: _ranges(sizes) for name, sizes in found.items()}


def of_training(rows: Iterable[Row], part: Callable[[Row], str]) -> dict[str, dict[str, Range]]:
    """Returns the range of lengths of training runs by part; large batches are sums of others."""
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(part(row), []).append(row["length"])
    return {name: {TOKENS: (min(lengths), max(lengths))} for name, lengths in found.items()}


def outside(ranges: Mapping[str, Range], sizes: Mapping[str, Iterable[float]]) -> list[str]:
    """Returns the sizes of questions that lie far outside of the ranges, in words.

    Args:
        ranges: the ranges of one part of the fit.
        sizes: the sizes of the questions, by name.
    """
    found = []
    for name, (low, high) in ranges.items():
        least, *_, most = sorted((*sizes[name], *sizes[name]))
        if most > FAR * high:
            found.append(f"{name} {most:,.0f} (fitted up to {high:,.0f})")
        elif least < low / FAR:
            found.append(f"{name} {least:,.0f} (fitted from {low:,.0f})")
    return found


def _ranges(sizes: Iterable[tuple[float, float]]) -> dict[str, Range]:
    """Returns the ranges of pairs of sequences and tokens."""
    both = zip((SEQUENCES, TOKENS), zip(*sizes, strict=True), strict=True)
    return {name: (float(min(values)), float(max(values))) for name, values in both}
