"""One observation of a device, compared with a chip's sheet."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from bench.chips.figures import FIGURES
from bench.chips.match import devices_a_chip, size_text
from bench.chips.model import Chip
from bench.units import Dimension, Quantity, show


class Agreement(StrEnum):
    """What one observation says about a claimed identity.

    ``impossible``: no chip of this sheet can show it. ``unknown``: the sheet has no such figure,
    or the observation proves nothing either way.
    """

    FITS = "fits"
    DIFFERS = "differs"
    IMPOSSIBLE = "impossible"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """One observation, and its finding.

    Attributes:
        what: the property that was observed.
        seen: the value that the device reports, or that was measured.
        expected: the sheet's value; empty if it has none.
        finding: result of the comparison.
        why: reason for the finding, with its tolerance.
        key: key of the figure that it was compared with; empty for names.
        rewritable: whether firmware or a driver could make another chip report it.
        measured: whether it was measured, not reported.
        is_other_form: whether it is another form of the work of a figure that has its own piece of
            evidence.
    """

    what: str
    seen: str
    expected: str
    finding: Agreement
    why: str
    key: str = ""
    rewritable: bool = False
    measured: bool = False
    is_other_form: bool = False


def count_against(evidence: Iterable[Evidence]) -> tuple[int, int]:
    """Returns how many pieces of evidence are impossible and how many differ; less is better."""
    findings = [piece.finding for piece in evidence]
    return findings.count(Agreement.IMPOSSIBLE), findings.count(Agreement.DIFFERS)


def values(chip: Chip, key: str) -> tuple[float, ...]:
    """Returns a sheet's values for one device: the preferred one, then rivals not refuted.

    If the driver shows each die of a chip as a device, a value is one die's share.
    """
    return tuple(number for number, _, _ in _claimed(chip, key))


def sizes(chip: Chip, key: str) -> str:
    """Returns a memory size as text, in the units of the sheet: ``192 GiB or 192 GB``."""
    texts = [
        size_text(value, share, 4) if isinstance(value, Quantity) else _value_text(number, key)
        for number, value, share in _claimed(chip, key)
    ]
    return " or ".join(dict.fromkeys(texts))


def _claimed(chip: Chip, key: str) -> Iterator[tuple[float, object, float]]:
    """Yields, for each value not refuted: one device's number, the printed value, the divisor."""
    figure = chip.figures.get(key)
    if figure is None:
        return
    dies = devices_a_chip(chip)
    for candidate in (figure, *figure.rivals):
        if candidate.number is not None and candidate.refuted is None:
            share = 1.0 if candidate.counts == "die" else dies
            yield candidate.number / share, candidate.value, share


def values_text(numbers: Iterable[float], key: str) -> str:
    """Returns the values of a figure as text: ``400 W or 500 W``; caches in MiB, as reported."""
    return " or ".join(dict.fromkeys(_value_text(number, key) for number in numbers))


def _value_text(number: float, key: str) -> str:
    dimension = FIGURES[key].dimension
    if dimension is Dimension.COUNT:
        return f"{number:g}"
    if key.endswith("_cache"):
        return f"{number / 2**20:.1f} MiB"
    return show(number, dimension, 4)
