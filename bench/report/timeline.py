"""A chip's export status through time, a line a change."""

from collections.abc import Iterable, Sequence

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.report.markup import Report
from bench.report.policies import differences, effects, exemptions, paragraph, policy
from bench.report.rulings import AID, cited, destination_words, in_dispute
from bench.report.scalar import Scalar
from bench.report.table import Notes, Section, Table
from bench.rules.judged import Judged
from bench.rules.load import Rulebook
from bench.rules.reason import reason
from bench.rules.ruling import CONTROL, LETTER, Ruling
from bench.rules.timeline import Period
from bench.rules.truth import Truth

COUNTRIES = {"CN": "China: ", "MY": "Malaysia: "}
COLUMNS = ("from", "to", "paragraph", "US policy", "what changed")


def periods(last: Judged, found: Sequence[Period], book: Rulebook, catalogue: Catalogue) -> Report:
    """Returns a chip's status through time; ``last`` is what holds in the last period."""
    notes, chip = Notes(), last.chip
    if chip is None:
        raise ValueError("an assumed part has no history")
    section = history(chip, found, catalogue, notes)
    statuses = [one.status for one in found]
    beside = (*exemptions(statuses), *differences(statuses))
    launch = chip.facts.get("launch")
    sold = f"Launch: {launch.value}; rules that ended before it are left out. " if launch else ""
    table = Table(
        f"Export status of {chip.name} over time, {destination_words(last.status.question, book)}",
        (AID, f"{sold}Rules were collected up to {book.places.checked_to}.", *beside),
        section.columns,
        section.cells,
        tuple(in_dispute(last, catalogue, notes)),
        notes.lines(),
    )
    return Report(table, section.flat)


def history(chip: Chip, found: Sequence[Period], catalogue: Catalogue, notes: Notes) -> Section:
    """Returns a chip's status since its launch, as one table of a larger report.

    A system is no older than the chips that it is built of.
    """
    built = (catalogue.chips[one.chip].launched for one in chip.members)
    launched = chip.launched or max((day for day in built if day), default="")
    kept = [one for one in found if (one.until or "9999") >= launched]
    cells = tuple(
        (
            one.since,
            one.until or "",
            paragraph(one.status),
            policy(one.status),
            _told(one, catalogue, notes, first=place == 0),
        )
        for place, one in enumerate(kept)
    )
    return Section("Export rules over time", COLUMNS, cells, [_flat(one) for one in kept])


def _told(one: Period, catalogue: Catalogue, notes: Notes, *, first: bool) -> str:
    """Returns what changed; of the first period, what holds in it."""
    if first:
        holding = (_brings(found, catalogue, notes) for found in one.rulings)
        return "; ".join(holding) or "no rule was in force"
    return "; ".join(_changes(one, catalogue, notes)) or "the same rules, with another outcome"


def _changes(one: Period, catalogue: Catalogue, notes: Notes) -> Iterable[str]:
    said = {found.rule.id: found for found in (*one.status.us, *one.status.local)}
    yield from (_brings(said[rule.id], catalogue, notes) for rule in one.began)
    yield from (f"{rule.id} {_ending(said.get(rule.id))}" for rule in one.ended)


def _brings(found: Ruling, catalogue: Catalogue, notes: Notes) -> str:
    if found.rule.kind == CONTROL:
        words = " or ".join(dict.fromkeys(each.eccn or "not in it" for each in found.findings))
        return f"{words}: {reason(found)} {cited(found.rule, catalogue, notes)}"
    country = COUNTRIES.get(found.rule.jurisdiction, "")
    doubt = "perhaps " if found.enforced is Truth.UNKNOWN else ""
    letter = "letter: " if found.rule.kind == LETTER else ""
    return f"{country}{letter}{doubt}{effects(found)} {cited(found.rule, catalogue, notes)}"


def _ending(now: Ruling | None) -> str:
    """Returns how a rule leaves a chip: out of the text, out of use, or by its own words."""
    if now is None:
        return "ends"
    return "is not enforced" if now.enforced is Truth.NO else "no longer applies to it"


def _flat(one: Period) -> dict[str, Scalar]:
    return {
        "chip": one.status.name,
        "since": one.since,
        "until": one.until,
        "paragraph": " or ".join(eccn or "none" for eccn in one.status.eccns),
        "policy": " or ".join(found.value for found in one.status.policies),
        "began": " ".join(rule.id for rule in one.began),
        "ended": " ".join(rule.id for rule in one.ended),
    }
