"""Weighs all evidence: is it that chip, which look-alike fits better, and what would decide it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.match import name_fits
from bench.chips.model import Chip
from bench.identity.evidence import Agreement, Evidence, count_against
from bench.identity.measured import measured, usable
from bench.identity.reported import reported
from bench.records.model import SIZES, DeviceInfo, Measurement, Record
from bench.units import Dimension

DISTINGUISHABLE = 1.05
"""Two figures must differ by this factor to be distinguishable by measurement."""
TESTABLE = (Dimension.FLOP_RATE, Dimension.OP_RATE, Dimension.BYTE_RATE, Dimension.BYTES)
NOTHING_AGAINST = (0, 0)


class State(StrEnum):
    """The conclusion from all evidence.

    ``contradicts``: something is impossible, or at least two things differ and a look-alike fits
    in everything. ``doubtful``: something differs, or only what firmware can rewrite speaks for
    the chip.
    """

    CONSISTENT = "consistent"
    DOUBTFUL = "doubtful"
    CONTRADICTS = "contradicts"


@dataclass(frozen=True)
class LookAlike:
    """Another chip that the device could be.

    Attributes:
        chip: its sheet.
        evidence: the observations, compared with that sheet.
        distinguishing: figures whose measurement would distinguish it from the claimed chip.
    """

    chip: Chip
    evidence: tuple[Evidence, ...]
    distinguishing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assessment:
    """Whether a device is the chip as which it was identified.

    Attributes:
        state: the conclusion.
        reason: the conclusion in a sentence.
        chip: the claimed chip.
        evidence: all pieces of evidence, in the order in which they are shown.
        better: look-alikes with less against them, if there is something against the chip.
        alike: look-alikes that the evidence fits as well, if it is consistent with the chip.
    """

    state: State
    reason: str
    chip: Chip
    evidence: tuple[Evidence, ...]
    better: tuple[LookAlike, ...] = ()
    alike: tuple[LookAlike, ...] = ()


def assess(record: Record, catalogue: Catalogue) -> Assessment | None:
    """Returns the evidence for and against a record's chip; None if the chip is unknown."""
    chip = catalogue.sheet_of(record)
    if chip is None:
        return None
    measurements = usable(record)
    evidence = _evidence(record.device, measurements, chip, catalogue)
    others = [
        LookAlike(other, _evidence(record.device, measurements, other, catalogue))
        for other in look_alikes(record.device, chip, catalogue)
    ]
    if not any(record.settings.get(size) for size in SIZES):
        evidence = tuple(_explained(piece, evidence, others) for piece in evidence)
    better = _better(evidence, others)
    state, reason = _outcome(evidence, better)
    alike = _alike(chip, evidence, others) if state is State.CONSISTENT else ()
    return Assessment(state, reason, chip, evidence, better, alike)


def look_alikes(device: DeviceInfo, chip: Chip, catalogue: Catalogue) -> Iterator[Chip]:
    """Yields the chips that a device could be taken for instead.

    They share name pattern, design, architecture or unit count with the chip, or the device
    reports their name, PCI id or CPUID.
    """
    for other in catalogue.chips.values():
        comparable = (other.kind == "cpu") == (chip.kind == "cpu") and other.kind != "system"
        if other.id == chip.id or other.status == "stub" or not comparable:
            continue
        if _reports(device, other) or _related(chip, other):
            yield other


def _reports(device: DeviceInfo, other: Chip) -> bool:
    """Tells whether the device reports the name, PCI id or CPUID of another chip."""
    has_name = name_fits(device.name, other)
    cpuid = other.identity.cpuid
    has_cpuid = (
        cpuid is not None
        and (device.cpu_vendor, device.cpu_family) == (cpuid.vendor, cpuid.family)
        and device.cpu_model in cpuid.models
    )
    return has_name or has_cpuid or device.pci in other.identity.pci


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
    device: DeviceInfo, measurements: Sequence[Measurement], chip: Chip, catalogue: Catalogue
) -> tuple[Evidence, ...]:
    return (*reported(device, chip, catalogue), *measured(device, measurements, chip, catalogue))


def _explained(
    piece: Evidence, evidence: Sequence[Evidence], others: Sequence[LookAlike]
) -> Evidence:
    """Returns a low rate as a difference if a variant of the same silicon would explain it.

    A chip that is limited in one rate differs in that rate and nowhere else. If another form of
    the work reaches the expected rate, the rate is not limited.
    """
    if (
        piece.finding is not Agreement.UNKNOWN
        or not piece.measured
        or not piece.expected
        or piece.is_other_form
    ):
        return piece
    if any(
        other_piece.key == piece.key and other_piece.measured and _speaks_for(other_piece)
        for other_piece in evidence
    ):
        return piece
    names = [other.chip.name for other in others if _explains(other, piece.key)]
    if not names:
        return piece
    why = f"{piece.why}, but it is what {' or '.join(names)} would reach"
    return replace(piece, finding=Agreement.DIFFERS, why=why)


def _explains(other: LookAlike, key: str) -> bool:
    reliable = [piece for piece in other.evidence if not piece.rewritable]
    rates = [piece for piece in reliable if piece.key == key and piece.measured]
    return count_against(reliable) == NOTHING_AGAINST and any(map(_speaks_for, rates))


def _speaks_for(piece: Evidence) -> bool:
    return piece.finding is Agreement.FITS


def _better(evidence: Sequence[Evidence], others: Sequence[LookAlike]) -> tuple[LookAlike, ...]:
    """Returns the look-alikes with the least against them, if that is less than for the chip."""
    candidates = [
        candidate
        for candidate in others
        if _count_fits(candidate.evidence) >= max(1, _count_fits(evidence))
    ]
    least = min(
        (count_against(candidate.evidence) for candidate in candidates), default=NOTHING_AGAINST
    )
    if least >= count_against(evidence):
        return ()
    return tuple(
        candidate for candidate in candidates if count_against(candidate.evidence) == least
    )


def _count_fits(evidence: Sequence[Evidence]) -> int:
    """Returns how many pieces of evidence fit, each figure counted once."""
    return sum(_speaks_for(piece) and not piece.is_other_form for piece in evidence)


def _outcome(evidence: Sequence[Evidence], better: Sequence[LookAlike]) -> tuple[State, str]:
    impossible, differing = count_against(evidence)
    names_by_finding = {
        finding: ", ".join(piece.what for piece in evidence if piece.finding is finding)
        for finding in Agreement
    }
    if impossible:
        return (
            State.CONTRADICTS,
            f"impossible for this chip: {names_by_finding[Agreement.IMPOSSIBLE]}",
        )
    if differing > 1 and better and count_against(better[0].evidence) == NOTHING_AGAINST:
        return State.CONTRADICTS, f"differs: {names_by_finding[Agreement.DIFFERS]}"
    if differing:
        return State.DOUBTFUL, f"differs: {names_by_finding[Agreement.DIFFERS]}"
    if not _count_fits([piece for piece in evidence if not piece.rewritable]):
        return State.DOUBTFUL, "nothing speaks for it but what firmware can rewrite"
    return State.CONSISTENT, "nothing speaks against it"


def _alike(
    chip: Chip, evidence: Sequence[Evidence], others: Sequence[LookAlike]
) -> tuple[LookAlike, ...]:
    """Returns the look-alikes that fit as well, apart from names and other rewritable evidence.

    Those that the fewest figures would distinguish come first.
    """
    fits_here = _fitting(evidence)
    tested = {piece.key for piece in evidence if piece.finding is Agreement.FITS}
    alike = [
        replace(other, distinguishing=tuple(_distinguishing_figures(chip, other.chip, tested)))
        for other in others
        if count_against([piece for piece in other.evidence if not piece.rewritable])
        == NOTHING_AGAINST
        and fits_here <= _fitting(other.evidence)
    ]
    return tuple(sorted(alike, key=lambda other: len(other.distinguishing)))


def _fitting(evidence: Sequence[Evidence]) -> set[str]:
    pieces = (piece for piece in evidence if _speaks_for(piece) and not piece.rewritable)
    return {piece.what for piece in pieces if not piece.is_other_form}


def _distinguishing_figures(chip: Chip, other: Chip, tested: set[str]) -> Iterator[str]:
    """Yields the figures that would distinguish two chips, those with the largest ratio first."""
    figures = []
    for key, kind in FIGURES.items():
        value, other_value = chip.number(key), other.number(key)
        if key in tested or kind.dimension not in TESTABLE or not value or not other_value:
            continue
        ratio = max(value / other_value, other_value / value)
        if ratio > DISTINGUISHABLE:
            both = f"{chip.figures[key].value} against {other.figures[key].value}"
            figures.append((-ratio, f"{kind.title} ({both})"))
    yield from (text for _, text in sorted(figures))
