"""Lines above a table of statuses that say on what its answers depend: day, launch, place."""

from collections.abc import Iterable, Sequence

from bench.chips.model import Chip
from bench.report.rules.policies import has_effect
from bench.rules.judge import Status
from bench.rules.judged import Judged
from bench.rules.load import Rulebook
from bench.rules.places import Question
from bench.rules.ruling import enforced
from bench.rules.truth import Truth
from bench.words import some_of

LISTING = "entity_listing"
MOST_NAMED = 6
"""Most chips that a line names."""


def too_early(judged: Sequence[Judged], checked_to: str) -> Iterable[str]:
    """Yields which chips are judged on a day before their launch, or on a past one may be."""
    early = [one for one in judged if one.chip and is_before_launch(one.chip, one.status)]
    if early:
        names = ", ".join(one.status.name for one in early)
        yield f"Launched only after that day, and judged as if they had existed: {names}."
    unknown = [
        one.status.name
        for one in judged
        if one.chip and not one.chip.launched and one.status.question.on < checked_to
    ]
    if unknown:
        yield f"Launch unknown, so perhaps after that day: {some_of(unknown, MOST_NAMED)}."


def is_before_launch(chip: Chip, status: Status) -> bool:
    """Tells whether a status is that of a day before the chip's launch."""
    return chip.launched is not None and status.question.on < chip.launched


def collected_to(question: Question, book: Rulebook) -> str:
    """Returns the day up to which rules were collected, and a warning if ``on`` is later."""
    checked = book.places.checked_to
    late = " This day is later: newer rules are not included." if question.on > checked else ""
    return f"Rules were collected up to {checked}.{late}"


def hinging(judged: Sequence[Judged], question: Question, book: Rulebook) -> Iterable[str]:
    """Yields which rules on listed parties may have come back, if a chip's maker is listed."""
    listed = [one.status for one in judged if any(map(has_effect, one.status.of_kind(LISTING)))]
    names = some_of([one.name for one in listed], MOST_NAMED)
    for rule in book.rules.values():
        pause = rule.suspended if enforced(rule, question.on) is Truth.UNKNOWN else None
        if listed and pause and rule.kind == "end_user_control":
            yield (
                f"What the Entity List asks for the makers of {names} hinges on {rule.id} "
                f"({rule.title}): it was suspended until {pause.until}, and whether it is in force "
                "again is not known."
            )


def from_abroad(question: Question) -> Iterable[str]:
    """Yields what must hold for US rules to reach an export that is not from the US."""
    if not question.from_us:
        yield (
            "Not exported from the US: US rules reach it only as a US-origin item, a direct "
            "product of US technology or plants (15 CFR 734.9(h), no percentage asked) or by its "
            "US content (734.4), by the text of 2026-07-23; taken here as given. More: rules list "
            "rule=US-2023-3A090."
        )
