"""Rows of the table of classifications: the status of each chip over time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from bench.chips.model import Chip
from bench.rules.places import Question
from bench.rules.subject import subject
from bench.rules.timeline import Period, timeline
from bench.tables.model import Data, joined

DESTINATION = "CN"
"""The destination that is asked for, and the home of the buyer's parent."""


@dataclass(frozen=True)
class ClassificationRow:
    """A period in which the status of one chip does not change."""

    chip: Annotated[str, "key of the chip"]
    destination: Annotated[str, "code of the country it goes to, which is the buyer's own"]
    since: Annotated[str, "first day"]
    until: Annotated[str | None, "last day; empty while it lasts"]
    paragraphs: Annotated[str, "paragraphs that are possible; none for no paragraph"]
    policies: Annotated[str, "licence policies that are possible, the strictest first"]
    needs_licence: Annotated[
        str, "whether a licence is needed: yes, notice, licence or notice, no, unknown"
    ]
    hypothetical: Annotated[
        bool, "whether it is designed in China, so that this supposes an export"
    ]
    us_rules: Annotated[str | None, "keys of the US rules that catch it, or may"]
    local_rules: Annotated[str | None, "keys of the destination's measures that catch it, or may"]


def classification_rows(data: Data) -> Iterator[ClassificationRow]:
    """Yields the periods of every chip in order, for China, exported from the United States."""
    asked = Question("", DESTINATION, DESTINATION)
    for chip in data.chips:
        for one in timeline(subject(chip, data.catalogue), asked, data.book):
            yield _row(chip, one)


def _row(chip: Chip, period: Period) -> ClassificationRow:
    status = period.status
    caught = [(one.rule.id, one.rule.jurisdiction) for one in status.bringing()]
    return ClassificationRow(
        chip=chip.id,
        destination=status.question.destination,
        since=period.since,
        until=period.until,
        paragraphs="; ".join(one or "none" for one in status.eccns),
        policies="; ".join(one.value for one in status.policies),
        needs_licence=status.need,
        hypothetical=chip.tier == "domestic",
        us_rules=joined(key for key, home in caught if home == "US"),
        local_rules=joined(key for key, home in caught if home != "US"),
    )
