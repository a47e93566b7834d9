"""The weight of a measurement when chips are judged, and its reasons."""

from collections.abc import Iterable

from bench.errors import UsageError, did_you_mean
from bench.evidence.model import Defect, Kind

CLASSES = {
    Kind.OWN: 1.0,
    Kind.INDEPENDENT: 1.0,
    Kind.ACADEMIC: 1.0,
    Kind.CONSORTIUM: 1.0,
    Kind.VENDOR: 0.5,
    Kind.THIRD: 0.5,
    Kind.USER: 0.5,
    Kind.GATE: 0.0,
    Kind.REDACTED: 0.0,
}
"""Weights of classes: half for interested or undocumented sources, none for non-measurements."""
WHY = {
    Kind.GATE: "a vendor's pass mark is a bound, no measurement",
    Kind.REDACTED: "the measured value is withheld",
    Kind.VENDOR: "the vendor's own claim",
    Kind.THIRD: "by a party with a stake that does not make the chip",
    Kind.USER: "a user's submission",
}
NAMES = {
    "own": Kind.OWN,
    "independent": Kind.INDEPENDENT,
    "academic": Kind.ACADEMIC,
    "consortium": Kind.CONSORTIUM,
    "vendor": Kind.VENDOR,
    "third": Kind.THIRD,
    "user": Kind.USER,
}
"""Classes that may be left out, by one word."""
SPOILT = (
    Defect.CONSTANT, Defect.ACC16, Defect.SHARE, Defect.BOTH, Defect.COPY, Defect.PAGEABLE,
    Defect.SIMULATED, Defect.IMPLAUSIBLE, Defect.UNSATURATED,
)  # fmt: skip
"""Defects by which a value is not what it is called; it is shown and judges nothing."""
DOUBTFUL = (
    Defect.WALL, Defect.BRIEF, Defect.READ_OFF, Defect.ROUNDED, Defect.VARIANT, Defect.SECOND,
    Defect.PRERELEASE,
)  # fmt: skip
"""Defects that make a value less certain; its weight is halved, once."""


def classes(words: Iterable[str]) -> tuple[Kind, ...]:
    """Returns classes by their words.

    Raises:
        UsageError: there is no such class.
    """
    found = tuple(words)
    for one in found:
        if one not in NAMES:
            raise UsageError(f"no class of evidence {one!r}: {did_you_mean(one, NAMES)}")
    return tuple(NAMES[one] for one in found)


def weigh(
    kind: Kind, defects: Iterable[Defect], quality: str, family: str = ""
) -> tuple[float, tuple[str, ...]]:
    """Returns the weight of a value, 0 to 1, and what reduced it.

    The variance of a value's own error is divided by its weight. With a weight of 0 it is shown
    and judges nothing. A copy engine spoils what is called memory bandwidth, not that of a link.
    """
    found = [one for one in defects if one is not Defect.COPY or family == "memory"]
    spoilt = [str(one) for one in found if one in SPOILT]
    doubtful = [str(one) for one in found if one in DOUBTFUL]
    weight = 0.0 if spoilt else CLASSES[kind]
    why = [WHY[kind]] if kind in WHY else []
    why += [*spoilt, *doubtful]
    if quality == "C":
        why.append("quality C: second hand, round or an artefact")
    halves = bool(doubtful) + (quality == "C")
    return weight * 0.5**halves, tuple(why)
