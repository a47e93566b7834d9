"""The table of a chip's export status over time, one row per change."""

from collections.abc import Iterable, Sequence

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.report.rules.citation import cited
from bench.report.rules.policies import differences, effects, exemptions, paragraph, policy
from bench.report.rules.provisos import from_abroad
from bench.report.rules.rulings import AID, destination_words, in_dispute
from bench.report.table import Notes, Section, Table
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar
from bench.rules.judged import Judged
from bench.rules.load import Rulebook
from bench.rules.reason import reason
from bench.rules.ruling import CONTROL, EMBARGO, LETTER, Ruling
from bench.rules.timeline import Period
from bench.rules.truth import Truth

COUNTRIES = {"CN": "China: ", "MY": "Malaysia: "}
"""Prefixes of rules by jurisdiction; US rules have none."""
SUPPOSED = "Designed in China: the US policy is what it would be if exported under US rules."
COLUMNS = ("from", "to", "paragraph", "US policy", "what changed")
KIND_WORDS = {LETTER: "letter: ", EMBARGO: "embargo: "}
"""What stands before the effect of a rule that takes part in the policy by itself."""


def periods(
    last: Judged,
    timeline: Sequence[Period],
    book: Rulebook,
    catalogue: Catalogue,
    *,
    cite: bool = True,
) -> Report:
    """Returns a chip's status over time; ``last`` is its status in the last period.

    Without ``cite`` footnotes have no sources.
    """
    notes, chip = Notes(brief=not cite), last.chip
    if chip is None:
        raise ValueError("an assumed part has no history")
    section = history(chip, timeline, catalogue, notes)
    statuses = [one.status for one in timeline]
    beside = (*exemptions(statuses), *differences(statuses))
    launch = chip.facts.get("launch")
    sold = f"Launch: {launch.value}; rules that ended before it are left out. " if launch else ""
    table = Table(
        f"Export status of {chip.name} over time, {destination_words(last.status.question, book)}",
        (
            *from_abroad(last.status.question),
            AID,
            *section.lines,
            f"{sold}Rules were collected up to {book.places.checked_to}.",
            *beside,
        ),
        section.columns,
        section.cells,
        tuple(in_dispute(last, catalogue, notes)),
        notes.lines(),
    )
    return Report(table, section.flat)


def history(chip: Chip, timeline: Sequence[Period], catalogue: Catalogue, notes: Notes) -> Section:
    """Returns a chip's status since its launch, as one table of a larger report.

    For a system without a launch date, the launch of its newest chip counts.
    """
    launches = (catalogue.chips[one.chip].launched for one in chip.members)
    launched = chip.launched or max((day for day in launches if day), default="")
    kept = [one for one in timeline if (one.until or "9999") >= launched]
    cells = tuple(
        (
            one.since,
            one.until or "",
            paragraph(one.status),
            policy(one.status),
            _change(one, catalogue, notes, first=place == 0),
        )
        for place, one in enumerate(kept)
    )
    flats = [_flat(one) for one in kept]
    lines = (SUPPOSED,) if chip.tier == "domestic" else ()
    return Section("Export rules over time", COLUMNS, cells, flats, lines)


def _change(period: Period, catalogue: Catalogue, notes: Notes, *, first: bool) -> str:
    """Returns what changed at the beginning of a period; for the first period, all its rules."""
    if first:
        rulings = (_ruling(ruling, catalogue, notes) for ruling in period.rulings)
        return "; ".join(rulings) or "no rule in force reaches it"
    return "; ".join(_changes(period, catalogue, notes)) or "the same rules, with another outcome"


def _changes(period: Period, catalogue: Catalogue, notes: Notes) -> Iterable[str]:
    rulings = {one.rule.id: one for one in (*period.status.us, *period.status.local)}
    yield from (_ruling(rulings[rule.id], catalogue, notes) for rule in period.began)
    yield from (f"{rule.id} {_ending(rulings.get(rule.id))}" for rule in period.ended)


def _ruling(ruling: Ruling, catalogue: Catalogue, notes: Notes) -> str:
    """Returns the effect of a rule on the chip, with the footnote that cites the rule."""
    if ruling.rule.kind == CONTROL:
        eccns = " or ".join(dict.fromkeys(one.eccn or "not in it" for one in ruling.findings))
        return f"{eccns}: {reason(ruling)} {cited(ruling.rule, catalogue, notes)}"
    country = COUNTRIES.get(ruling.rule.jurisdiction, "")
    doubt = "perhaps " if ruling.enforced is Truth.UNKNOWN else ""
    kind = KIND_WORDS.get(ruling.rule.kind, "")
    return f"{country}{kind}{doubt}{effects(ruling)} {cited(ruling.rule, catalogue, notes)}"


def _ending(now: Ruling | None) -> str:
    """Returns how a rule ends for a chip: not in the text, not enforced, or not applicable."""
    if now is None:
        return "ends"
    return "is not enforced" if now.enforced is Truth.NO else "no longer applies to it"


def _flat(period: Period) -> dict[str, Scalar]:
    return {
        "chip": period.status.name,
        "since": period.since,
        "until": period.until,
        "paragraph": " or ".join(eccn or "none" for eccn in period.status.eccns),
        "policy": " or ".join(one.value for one in period.status.policies),
        "began": " ".join(rule.id for rule in period.began),
        "ended": " ".join(rule.id for rule in period.ended),
    }
