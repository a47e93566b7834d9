"""Plot of chips in the plane of TPP and performance density, with the lines of export rules."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.errors import UsageError
from bench.plot.axes import name_list
from bench.plot.lines import Line, lines
from bench.plot.picture import Picture
from bench.plot.plane import Spot, paint
from bench.report.text.scalar import Scalar
from bench.rules.judge import status
from bench.rules.judged import Judged, judged
from bench.rules.load import Rulebook
from bench.rules.places import Question
from bench.rules.ruling import LETTER
from bench.rules.subject import subject
from bench.rules.truth import Truth
from bench.theory.tpp import density, tpp
from bench.words import counted

NOT_ACCELERATORS = ("cpu", "system")
"""Kinds of sheets that are left out unless the user names them."""


def picture(
    question: Question, chips: Sequence[Chip] | None, book: Rulebook, catalogue: Catalogue
) -> Picture:
    """Returns ``rules-DAY``: chips and the lines in force on a day.

    Args:
        question: the day and the destination of the export.
        chips: None for all chips with known TPP and density, except CPUs, systems and what was
            launched later.
        book: the rules.
        catalogue: the sheets.

    Raises:
        UsageError: no chip has a known TPP and density.
    """
    candidates, early = _candidates(chips, catalogue, question)
    books = book, _without_letters(book)
    spots = [spot for chip in candidates if (spot := _spot(chip, question, books, catalogue))]
    if not spots:
        raise UsageError("no chip here has a known TPP and performance density")
    rule_lines = lines(question, book)
    destination = book.places.countries[question.destination].name
    return Picture(
        name=f"rules-{question.on}",
        title=_title(spots, question.on, destination, more=len(candidates) > len(spots)),
        alt=_alt(spots, rule_lines),
        note=(
            "TPP: dense TOPS x bits, the highest format; density: TPP over mm² of logic dies. "
            f"{_without_figures(candidates, spots, question, book, catalogue)}"
            f"{_letters_alone(spots)}{_spared(spots)}"
            f"{_asking_more(spots, rule_lines)}"
            f"{_disputed(spots)}{_hypothetical(spots)}"
            f"{_launched_later(early, drawn=chips is not None)}"
            f"{_unknown_launch(spots, question, book)}"
            "A research aid, not legal advice."
        ),
        rows=[*map(_row, spots), *(row for line in rule_lines for row in _line_rows(line))],
        paint=partial(paint, spots, rule_lines),
        height=6.4,
    )


def _candidates(
    chips: Sequence[Chip] | None, catalogue: Catalogue, question: Question
) -> tuple[list[Chip], list[Chip]]:
    """Returns the chips to draw, and those of all considered that were launched after the day."""
    considered = list(catalogue.chips.values()) if chips is None else list(chips)
    early = [chip for chip in considered if (chip.launched or "") > question.on]
    if chips is not None:
        return considered, early
    drawn = [chip for chip in considered if chip.kind not in NOT_ACCELERATORS and chip not in early]
    return drawn, early


def _without_letters(book: Rulebook) -> Rulebook:
    return replace(book, rules={key: one for key, one in book.rules.items() if one.kind != LETTER})


def _launched_later(chips: Sequence[Chip], *, drawn: bool) -> str:
    """Returns a sentence on the chips that were launched after the day of the question."""
    if not chips:
        return ""
    if drawn:
        return f"Launched only after that day: {name_list(chips)}. "
    return f"{len(chips)} chips launched after that day are left out. "


def _unknown_launch(spots: Sequence[Spot], question: Question, book: Rulebook) -> str:
    """Returns a sentence on the chips drawn on a past day whose launch nobody published."""
    is_past = question.on < book.places.checked_to
    count = sum(not spot.chip.launched for spot in spots) if is_past else 0
    return f"The launch of {counted(count, 'chip')} drawn is unknown. " if count else ""


def _letters_alone(spots: Sequence[Spot]) -> str:
    """Returns a sentence that names the chips that need a licence only by a letter."""
    names = name_list(spot.chip for spot in spots if spot.by_letter)
    return f"By a letter alone, which no line shows: {names}. " if names else ""


def _spared(spots: Sequence[Spot]) -> str:
    """Returns a sentence on the chips within the lines of which less is asked than of others."""
    names = name_list(spot.chip for spot in spots if spot.spared)
    if not names:
        return ""
    return f"Within the lines, but not sold for datacentres, so that less is needed: {names}. "


def _asking_more(spots: Sequence[Spot], rule_lines: Sequence[Line]) -> str:
    """Returns what lines ask besides TPP and density, and the chips beyond them left free by it."""
    sentences = []
    for line in rule_lines:
        free = (spot.chip for spot in spots if spot.need == "no" and line.spares(spot.tpp, spot.pd))
        names = name_list(free)
        if line.asks:
            spared = f", for want of which these are free: {names}" if names else ""
            sentences.append(f"{line.name} also asks for {line.asks}{spared}. ")
    return "".join(sentences)


def _without_figures(
    chips: Sequence[Chip],
    spots: Sequence[Spot],
    question: Question,
    book: Rulebook,
    catalogue: Catalogue,
) -> str:
    """Returns a sentence on chips with unknown TPP or density, which have no point.

    It says how many of those not designed in China need a licence or a notice all the same.
    """
    drawn_ids = {spot.chip.id for spot in spots}
    others = [chip for chip in chips if chip.id not in drawn_ids]
    exported = [chip for chip in others if chip.tier != "domestic"]
    found = (status(subject(chip, catalogue), question, book) for chip in exported)
    needing = sum(one.needs_licence is Truth.YES for one in found)
    if not others:
        return ""
    told = f"One of them is not known of {name_list(others)}"
    if not needing:
        return f"{told}. "
    total = f"{len(exported)} of these not designed in China"
    return f"{told}; of the {total}, {needing} need a licence or a notice, too. "


def _spot(
    chip: Chip, question: Question, books: tuple[Rulebook, Rulebook], catalogue: Catalogue
) -> Spot | None:
    """Returns a chip's place and ruling; None if TPP or density is unknown.

    ``books`` are the rules, and the same rules without letters to makers.
    """
    total, dense = tpp(chip, catalogue).value, density(chip, catalogue).value
    if not total or not dense:
        return None
    found = judged(chip, question, catalogue, books[0])
    ruling, without_letters = found.status, status(found.facts, question, books[1])
    policies = tuple(policy.value for policy in ruling.policies)
    needs = ruling.needs_licence
    by_letter = needs is Truth.YES and without_letters.needs_licence is not Truth.YES
    return Spot(
        chip, total, dense, needs, ruling.need, policies, by_letter, found.need_by_rivals,
        _is_spared(chip, found, books[0], catalogue),
    )  # fmt: skip


def _is_spared(chip: Chip, found: Judged, book: Rulebook, catalogue: Catalogue) -> bool:
    """Returns whether an export needs something else because the chip is not for datacentres."""
    if any(one.value for one in found.facts.attributes["datacenter"].readings):
        return False
    sold = subject(chip, catalogue, {"datacenter": True})
    return status(sold, found.status.question, book).need != found.status.need


def _title(spots: Sequence[Spot], on: str, destination: str, *, more: bool) -> str:
    """Returns how many chips need a licence; those designed in China count only if alone.

    ``more``: chips were left out whose TPP or density is unknown.
    """
    exported = [spot for spot in spots if not _is_domestic(spot)]
    if not exported:
        return (
            f"{_needing(spots)} of {len(spots)} chips designed in China would need a licence or a "
            f"notice for {destination} on {on}, if exported under US rules"
        )
    elsewhere = " not designed in China" if len(exported) < len(spots) else ""
    elsewhere += " with known density" if more else ""
    unknown = sum(spot.needs is Truth.UNKNOWN for spot in exported)
    letters = sum(spot.by_letter for spot in exported)
    text = (
        f"{_needing(exported)} of {len(exported)} chips{elsewhere} need a licence or a notice for "
        f"{destination} on {on}"
    )
    if letters:
        text += f", {letters} of them by a letter to the maker, not by TPP or density"
    return f"{text}; for {unknown} it is unknown" if unknown else text


def _hypothetical(spots: Sequence[Spot]) -> str:
    """Returns a sentence on the chips designed in China, whose export is hypothetical."""
    domestic = [spot for spot in spots if _is_domestic(spot)]
    if not domestic:
        return ""
    return (
        f"Chips designed in China ({len(domestic)}) are shown as if exported under US rules; "
        f"{_needing(domestic)} of them would need a licence or a notice. "
    )


def _disputed(spots: Sequence[Spot]) -> str:
    """Returns a sentence that names the chips of which other sources' figures say otherwise."""
    names = name_list(spot.chip for spot in spots if spot.by_rivals)
    return f"In dispute, as figures of other sources change it: {names}. " if names else ""


def _is_domestic(spot: Spot) -> bool:
    return spot.chip.tier == "domestic"


def _needing(spots: Sequence[Spot]) -> int:
    return sum(spot.needs is Truth.YES for spot in spots)


def _alt(spots: Sequence[Spot], rule_lines: Sequence[Line]) -> str:
    names = ", ".join(f"{line.name} since {line.since}" for line in rule_lines) or "none"
    low, high = min(spot.tpp for spot in spots), max(spot.tpp for spot in spots)
    return (
        f"{len(spots)} chips by total processing performance, {low:,.0f} to {high:,.0f}, and "
        f"performance density, with the lines of the rules in force: {names}."
    )


def _row(spot: Spot) -> dict[str, Scalar]:
    return {
        "what": "chip",
        "name": spot.chip.id,
        "tier": spot.chip.tier,
        "launched": spot.chip.launched,
        "tpp": spot.tpp,
        "performance_density_per_mm2": spot.pd,
        "needs_licence": spot.need,
        "needs_licence_by_rivals": spot.by_rivals or None,
        "policies": ", ".join(spot.policies),
        "by_letter_alone": spot.by_letter,
        "less_as_not_for_datacentres": spot.spared,
    }


def _line_rows(line: Line) -> list[dict[str, Scalar]]:
    return [
        {
            "what": "line",
            "name": f"{line.rule}: {line.name}",
            "since": line.since,
            "asks_more": line.has_other_conditions,
            "tpp": segment.start[0],
            "performance_density_per_mm2": segment.start[1],
            "to_tpp": _finite(segment.end[0]),
            "to_performance_density_per_mm2": _finite(segment.end[1]),
        }
        for segment in line.segments
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
