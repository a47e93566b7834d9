"""A report beside the sheets: is it of the chip that it is said to be of, and can it be?"""

from collections.abc import Iterator

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.names import JOINS, loose, names_of, plain
from bench.chips.vendors import like, vendor_behind
from bench.evidence.load import row_faults
from bench.evidence.model import Report
from bench.evidence.observe import ABOVE, Observation, most_published, reported
from bench.importers.base import NotUnderstood, shown
from bench.units import show

LONG = 3
"""Characters of the shortest part of a name that tells a chip."""
MOST = 12
"""So many words of a name are looked at."""
SOME = 4
"""So many sheets are named; more are counted."""


def refused(made: Report, file: str, sheets: Catalogue) -> None:
    """Refuses what cannot be of the chip.

    Raises:
        NotUnderstood: a row says what its sheet rules out, or the device is another chip.
    """
    for row in made.rows:
        for field, problem, fix in row_faults(row, sheets.chips):
            raise NotUnderstood(file, f"{row.id}.{field}: {problem}", fix)
    chip = sheets.chips[made.rows[0].chip]
    for device in _devices(made):
        if others := _others(device, chip, sheets):
            problem = f"it is of the device {device!r}, not of {chip.id}"
            more = f" or {len(others) - SOME} more" if len(others) > SOME else ""
            fix = f"give chip={' or '.join(others[:SOME])}{more}"
            raise NotUnderstood(file, problem, fix)
        vendor = vendor_behind(device, None, ())
        if vendor not in (None, chip.vendor) and not _exact(device, sheets):
            problem = f"it is of the device {device!r}, which is {vendor}'s, not of {chip.id}"
            raise NotUnderstood(file, problem, f"give a chip of {vendor}")


def doubts(made: Report, sheets: Catalogue) -> Iterator[str]:
    """Yields what is taken at somebody's word, and what lies above the sheet."""
    chip = made.rows[0].chip
    for device in _devices(made):
        if not _exact(device, sheets) and loose(device) not in _names(sheets.chips[chip]):
            yield f"no sheet knows the device {shown(device)}: taken for {chip} at your word"
    for one in reported({made.id: made}, sheets):
        if said := _above(one):
            yield said


def _devices(made: Report) -> list[str]:
    return sorted({row.named for row in made.rows if row.named})


def _exact(device: str, sheets: Catalogue) -> list[str]:
    """Returns the sheets that list a device of this name."""
    return [
        one.id
        for one in sheets.chips.values()
        if any(like(device, name) for name in one.identity.names)
    ]


def _others(device: str, chip: Chip, sheets: Catalogue) -> list[str]:
    """Returns the sheets that a device of this name is of, if it can be none of ``chip``."""
    exact = _exact(device, sheets)
    if exact:
        return exact if chip.id not in exact and chip.identity.names else []
    for part in sorted(_parts(device), key=len, reverse=True):
        found = [one.id for one in sheets.chips.values() if part in _names(one)]
        if found and len(part) >= LONG:
            fitting = [one.id for one in sheets.chips.values() if _may_be(one, part)]
            return [] if chip.id in fitting else list(dict.fromkeys([*found, *fitting]))
    return []


def _names(chip: Chip) -> set[str]:
    """Returns what a chip is called, without what joins the parts of a name."""
    return {loose(name) for _, name in names_of(chip)}


def _parts(name: str) -> set[str]:
    """Returns a name's words, and each run of them, joined."""
    words = [word for word in JOINS.split(plain(name)) if word][:MOST]
    ends = range(len(words) + 1)
    return {"".join(words[start:end]) for start in ends for end in ends if end > start}


def _may_be(chip: Chip, part: str) -> bool:
    return any(_begins(name, part) for name in _names(chip))


def _begins(name: str, part: str) -> bool:
    """Tells whether a name begins with another: 910B2 with 910B, but H200 not with H20."""
    rest = name.removeprefix(part)
    cut = bool(rest) and part[-1].isdigit() and rest[0].isdigit()
    return name.startswith(part) and not cut


def _above(one: Observation) -> str:
    """Says how far a value is above all that is published; empty where it is not."""
    if one.paper is None or one.value <= ABOVE * most_published(one.paper):
        return ""
    told, name = show(one.value, one.dimension, 4), one.ref.partition(":")[2]
    share = one.value / one.paper.value
    return f"doubt: {name} is {told}, {share:.0%} of the published {one.paper.text}"
