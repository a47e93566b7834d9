"""One observation of a device, compared with a sheet."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from bench.chips.figures import FIGURES
from bench.chips.match import size_text
from bench.chips.model import Chip
from bench.units import Dimension, Quantity, show


class Finding(StrEnum):
    """How one observation bears on a claimed identity.

    ``impossible``: no chip of this sheet can show it. ``unknown``: the sheet has no such figure,
    or what is seen proves nothing either way.
    """

    FITS = "fits"
    DIFFERS = "differs"
    IMPOSSIBLE = "impossible"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """One observation, and its finding.

    Attributes:
        what: what was looked at.
        seen: what the device reports, or what was measured.
        expected: what the sheet says, empty if nothing.
        finding: how the two go together.
        why: the reason, with the tolerance it rests on.
        key: the figure it was set beside, empty for names.
        rewritable: whether firmware or a driver can be made to say it of another chip.
        measured: whether it was measured, not reported.
        beside: whether another piece stands for the figure, and this is another form of the work.
    """

    what: str
    seen: str
    expected: str
    finding: Finding
    why: str
    key: str = ""
    rewritable: bool = False
    measured: bool = False
    beside: bool = False


def against(found: Iterable[Evidence]) -> tuple[int, int]:
    """Returns how many pieces are impossible, and how many differ: the smaller, the better."""
    findings = [one.finding for one in found]
    return findings.count(Finding.IMPOSSIBLE), findings.count(Finding.DIFFERS)


def values(chip: Chip, key: str) -> tuple[float, ...]:
    """Returns a sheet's values for one device: the preferred one, then rivals not refuted.

    Where the driver shows the dies of a chip as devices of their own, that is a die's share.
    """
    return tuple(number for number, _, _ in _claimed(chip, key))


def sizes(chip: Chip, key: str) -> str:
    """Returns a size in memory as words, in the units of the sheet: ``192 GiB or 192 GB``."""
    found = [
        size_text(value, share, 4) if isinstance(value, Quantity) else _told(number, key)
        for number, value, share in _claimed(chip, key)
    ]
    return " or ".join(dict.fromkeys(found))


def _claimed(chip: Chip, key: str) -> Iterator[tuple[float, object, float]]:
    """Yields of each value that is not refuted that of one device, as printed, and its divisor."""
    figure = chip.figures.get(key)
    if figure is None:
        return
    dies = (chip.number("dies") or 1.0) if chip.identity.reports == "die" else 1.0
    for one in (figure, *figure.rivals):
        if one.number is not None and one.refuted is None:
            share = 1.0 if one.counts == "die" else dies
            yield one.number / share, one.value, share


def told(numbers: Iterable[float], key: str) -> str:
    """Returns the values of a figure as words: ``400 W or 500 W``; caches in MiB, as reported."""
    return " or ".join(dict.fromkeys(_told(one, key) for one in numbers))


def _told(number: float, key: str) -> str:
    dimension = FIGURES[key].dimension
    if dimension is Dimension.COUNT:
        return f"{number:g}"
    if key.endswith("_cache"):
        return f"{number / 2**20:.1f} MiB"
    return show(number, dimension, 4)
