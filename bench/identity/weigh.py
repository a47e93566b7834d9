"""Weighs all evidence: is it that chip, which look-alike fits better, what would decide it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.vendors import like
from bench.identity.evidence import Evidence, Finding, against
from bench.identity.measured import measured, usable
from bench.identity.reported import reported
from bench.records.model import DeviceInfo, Measurement, Record
from bench.units import Dimension

APART = 1.05
"""Figures closer than this cannot be distinguished by measurement."""
SIZES = ("m", "n", "k", "batch", "length", "elements")
"""The settings by which a shape was asked for; such a rate may be low by that choice."""
TESTABLE = (Dimension.FLOP_RATE, Dimension.OP_RATE, Dimension.BYTE_RATE, Dimension.BYTES)
CLEAN = (0, 0)


class State(StrEnum):
    """The result of all evidence.

    ``contradicts``: something is impossible, or two things differ and a look-alike fits in all.
    ``doubtful``: something differs, or nothing but what firmware can rewrite speaks for the chip.
    """

    CONSISTENT = "consistent"
    DOUBTFUL = "doubtful"
    CONTRADICTS = "contradicts"


@dataclass(frozen=True)
class LookAlike:
    """Another chip and the evidence for it, with the figures that would tell it apart."""

    chip: Chip
    evidence: tuple[Evidence, ...]
    telling: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assessment:
    """Whether a device is the chip it was taken for.

    Attributes:
        state, reason: the outcome in a word, and in a sentence.
        chip: what it was taken for.
        evidence: every piece, in the order in which it is shown.
        better: look-alikes that less speaks against; only where something does.
        alike: look-alikes that the evidence fits as well; only where it is consistent.
    """

    state: State
    reason: str
    chip: Chip
    evidence: tuple[Evidence, ...]
    better: tuple[LookAlike, ...] = ()
    alike: tuple[LookAlike, ...] = ()


def assess(record: Record, catalogue: Catalogue) -> Assessment | None:
    """Returns the evidence for and against a record's chip; None if the chip is unknown."""
    chip = catalogue.chips.get(record.identity.chip or "")
    if chip is None:
        return None
    found = usable(record)
    evidence = _evidence(record.device, found, chip, catalogue)
    others = [
        LookAlike(one, _evidence(record.device, found, one, catalogue))
        for one in look_alikes(record.device, chip, catalogue)
    ]
    if not any(record.settings.get(size) for size in SIZES):
        evidence = tuple(_explained(one, evidence, others) for one in evidence)
    better = _better(evidence, others)
    state, reason = _outcome(evidence, better)
    alike = _alike(chip, evidence, others) if state is State.CONSISTENT else ()
    return Assessment(state, reason, chip, evidence, better, alike)


def look_alikes(device: DeviceInfo, chip: Chip, catalogue: Catalogue) -> Iterator[Chip]:
    """Yields the chips that a device could be taken for instead.

    They share name pattern, design, architecture or unit count with the chip, or the device
    reports their name or PCI id.
    """
    for other in catalogue.chips.values():
        comparable = (other.kind == "cpu") == (chip.kind == "cpu") and other.kind != "system"
        if other.id == chip.id or other.status == "stub" or not comparable:
            continue
        if _reports(device, other) or _related(chip, other):
            yield other


def _reports(device: DeviceInfo, other: Chip) -> bool:
    """Returns whether the device reports the name, PCI id or CPUID of another chip."""
    named = any(like(device.name, pattern) for pattern in other.identity.names)
    cpuid = other.identity.cpuid
    numbers = (device.cpu_vendor, device.cpu_family)
    same = cpuid is not None and numbers == (cpuid.vendor, cpuid.family)
    same = same and cpuid is not None and device.cpu_model in cpuid.models
    return named or same or device.pci in other.identity.pci


def _related(chip: Chip, other: Chip) -> bool:
    if set(chip.identity.names) & set(other.identity.names):
        return True
    if chip.vendor != other.vendor:
        return False
    units = chip.number("units")
    same_design = chip.family is not None and chip.family == other.family
    same_units = units is not None and units == other.number("units")
    return same_design or same_units or chip.architecture == other.architecture


def _evidence(
    device: DeviceInfo, found: Sequence[Measurement], chip: Chip, catalogue: Catalogue
) -> tuple[Evidence, ...]:
    return (*reported(device, chip, catalogue), *measured(device, found, chip, catalogue))


def _explained(
    one: Evidence, evidence: Sequence[Evidence], others: Sequence[LookAlike]
) -> Evidence:
    """Returns a low rate as a difference, where the same silicon under another name explains it.

    A chip that is cut in one rate only shows itself there and nowhere else; where another form of
    the work fits, the rate is not cut.
    """
    if one.finding is not Finding.UNKNOWN or not one.measured or not one.expected or one.beside:
        return one
    if any(form.key == one.key and form.measured and _speaks_for(form) for form in evidence):
        return one
    names = [other.chip.name for other in others if _explains(other, one.key)]
    if not names:
        return one
    why = f"{one.why}, but it is what {' or '.join(names)} would reach"
    return replace(one, finding=Finding.DIFFERS, why=why)


def _explains(other: LookAlike, key: str) -> bool:
    built = [one for one in other.evidence if not one.rewritable]
    own = [one for one in built if one.key == key and one.measured]
    return against(built) == CLEAN and any(map(_speaks_for, own))


def _speaks_for(one: Evidence) -> bool:
    return one.finding is Finding.FITS


def _better(evidence: Sequence[Evidence], others: Sequence[LookAlike]) -> tuple[LookAlike, ...]:
    """Returns the look-alikes that least speaks against, if that is less than against the chip."""
    fitting = [one for one in others if _fits(one.evidence) >= max(1, _fits(evidence))]
    least = min((against(one.evidence) for one in fitting), default=CLEAN)
    if least >= against(evidence):
        return ()
    return tuple(one for one in fitting if against(one.evidence) == least)


def _fits(evidence: Sequence[Evidence]) -> int:
    """Returns how much speaks for a chip, each figure counted once."""
    return sum(_speaks_for(one) and not one.beside for one in evidence)


def _outcome(evidence: Sequence[Evidence], better: Sequence[LookAlike]) -> tuple[State, str]:
    impossible, differing = against(evidence)
    listed = {
        finding: ", ".join(one.what for one in evidence if one.finding is finding)
        for finding in Finding
    }
    if impossible:
        return State.CONTRADICTS, f"impossible for this chip: {listed[Finding.IMPOSSIBLE]}"
    if differing > 1 and better and against(better[0].evidence) == CLEAN:
        return State.CONTRADICTS, f"differs: {listed[Finding.DIFFERS]}"
    if differing:
        return State.DOUBTFUL, f"differs: {listed[Finding.DIFFERS]}"
    if not _fits([one for one in evidence if not one.rewritable]):
        return State.DOUBTFUL, "nothing speaks for it but what firmware can rewrite"
    return State.CONSISTENT, "nothing speaks against it"


def _alike(
    chip: Chip, evidence: Sequence[Evidence], others: Sequence[LookAlike]
) -> tuple[LookAlike, ...]:
    """Returns the look-alikes that all fits as well, names and other rewritable things aside.

    Those that the fewest figures would tell apart come first.
    """
    built = _fitting(evidence)
    weighed = {one.key for one in evidence if one.finding is Finding.FITS}
    found = [
        replace(other, telling=tuple(_telling(chip, other.chip, weighed)))
        for other in others
        if against([one for one in other.evidence if not one.rewritable]) == CLEAN
        and built <= _fitting(other.evidence)
    ]
    return tuple(sorted(found, key=lambda one: len(one.telling)))


def _fitting(evidence: Sequence[Evidence]) -> set[str]:
    fits = (one for one in evidence if _speaks_for(one) and not one.rewritable)
    return {one.what for one in fits if not one.beside}


def _telling(chip: Chip, other: Chip, weighed: set[str]) -> Iterator[str]:
    """Yields the figures that would tell two chips apart, the most telling first."""
    told = []
    for key, kind in FIGURES.items():
        own, theirs = chip.number(key), other.number(key)
        if key in weighed or kind.dimension not in TESTABLE or not own or not theirs:
            continue
        ratio = max(own / theirs, theirs / own)
        if ratio > APART:
            both = f"{chip.figures[key].value} against {other.figures[key].value}"
            told.append((-ratio, f"{kind.title} ({both})"))
    yield from (words for _, words in sorted(told))
