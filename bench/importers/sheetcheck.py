"""Compares a report with the sheets: can it be of the chip that the user named?"""

from collections.abc import Iterator

from bench.chips.load import Catalogue
from bench.chips.match import name_fits
from bench.chips.model import Chip
from bench.chips.names import JOINS, loose, names_of, plain
from bench.chips.vendors import vendor_behind
from bench.evidence.load import row_faults
from bench.evidence.model import Report
from bench.evidence.observe import ABOVE, Observation, most_published, reported
from bench.importers.base import NotUnderstood, quoted
from bench.units import show
from bench.words import some_of

MIN_PART = 3
"""Length of the shortest part of a device's name that can identify a chip, characters."""
MAX_WORDS = 12
"""Number of words of a device's name that are considered."""
SHEETS_NAMED = 4
"""Number of sheets that a message names; more are only counted."""


def check_chip(report: Report, file: str, sheets: Catalogue) -> None:
    """Checks that the measurements can be of the chip.

    Raises:
        NotUnderstood: the sheet rules out a row, or the device is another chip.
    """
    for row in report.rows:
        for field, problem, fix in row_faults(row, sheets.chips):
            raise NotUnderstood(file, f"{row.id}.{field}: {problem}", fix)
    chip = sheets.chips[report.rows[0].chip]
    for device in _devices(report):
        if others := _other_sheets(device, chip, sheets):
            problem = f"it is of the device {device!r}, not of {chip.id}"
            chips = some_of(others, SHEETS_NAMED, " or ", " or {} more")
            raise NotUnderstood(file, problem, f"give chip={chips}")
        vendor = vendor_behind(device, None, ())
        if vendor not in (None, chip.vendor) and not _sheets_listing(device, sheets):
            problem = f"it is of the device {device!r}, which is {vendor}'s, not of {chip.id}"
            raise NotUnderstood(file, problem, f"give a chip of {vendor}")


def doubts(report: Report, sheets: Catalogue) -> Iterator[str]:
    """Yields warnings: devices that no sheet knows, and values above the published figure."""
    chip = report.rows[0].chip
    for device in _devices(report):
        if not _sheets_listing(device, sheets) and loose(device) not in _loose_names(
            sheets.chips[chip]
        ):
            yield f"no sheet knows the device {quoted(device)}: taken for {chip} at your word"
    for observation in reported({report.id: report}, sheets):
        if warning := _above_sheet(observation):
            yield warning


def _devices(report: Report) -> list[str]:
    return sorted({row.named for row in report.rows if row.named})


def _sheets_listing(device: str, sheets: Catalogue) -> list[str]:
    """Returns the ids of the sheets that list this device name."""
    return [chip.id for chip in sheets.chips.values() if name_fits(device, chip)]


def _other_sheets(device: str, chip: Chip, sheets: Catalogue) -> list[str]:
    """Returns the sheets that a device name fits, if it does not fit ``chip``; otherwise none."""
    exact = _sheets_listing(device, sheets)
    if exact:
        return exact if chip.id not in exact and chip.identity.names else []
    for part in sorted(_parts(device), key=len, reverse=True):
        named = [other.id for other in sheets.chips.values() if part in _loose_names(other)]
        if named and len(part) >= MIN_PART:
            possible = [other.id for other in sheets.chips.values() if _may_be_named(other, part)]
            return [] if chip.id in possible else list(dict.fromkeys([*named, *possible]))
    return []


def _loose_names(chip: Chip) -> set[str]:
    """Returns a chip's names without the characters that join the parts of a name."""
    return {loose(name) for _, name in names_of(chip)}


def _parts(name: str) -> set[str]:
    """Returns every run of consecutive words of a name, joined."""
    words = [word for word in JOINS.split(plain(name)) if word][:MAX_WORDS]
    ends = range(len(words) + 1)
    return {"".join(words[start:end]) for start in ends for end in ends if end > start}


def _may_be_named(chip: Chip, part: str) -> bool:
    return any(_begins_with(name, part) for name in _loose_names(chip))


def _begins_with(name: str, part: str) -> bool:
    """Tells whether a name begins with ``part``: 910B2 with 910B, but H200 not with H20."""
    rest = name.removeprefix(part)
    cut = bool(rest) and part[-1].isdigit() and rest[0].isdigit()
    return name.startswith(part) and not cut


def _above_sheet(observation: Observation) -> str:
    """Returns a warning if a value exceeds every published figure; otherwise an empty text."""
    if observation.paper is None or observation.value <= ABOVE * most_published(observation.paper):
        return ""
    value, name = (
        show(observation.value, observation.dimension, 4),
        observation.ref.partition(":")[2],
    )
    share = observation.value / observation.paper.value
    words = f"{name} is {value}, {share:.0%} of the published {observation.paper.text}"
    if observation.value <= observation.most:
        return f"{words}: a switch that does the sums (NVLS) explains it"
    return f"doubt: {words}"
