"""A chip's status through time: the days on which something changed, and what."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bench.rules.judge import Rulings, Status, status
from bench.rules.load import Rulebook
from bench.rules.model import Outcome, PolicyRow, Rule
from bench.rules.places import Question
from bench.rules.predicate import Subject
from bench.rules.reason import asks_chips
from bench.rules.ruling import CONTROL, Ruling
from bench.rules.truth import Truth

BEFORE = "2022-08-25"
"""The last day before the first rule on a part; the listings of makers are older."""


@dataclass(frozen=True)
class Period:
    """A period of unchanged status.

    Attributes:
        since: first day; until: last day, None while it lasts.
        began, ended: rules that start to catch the chip, or controls that start to test it, on
            ``since``, and those that stop.
    """

    since: str
    until: str | None
    status: Status
    began: tuple[Rule, ...]
    ended: tuple[Rule, ...]

    @property
    def rulings(self) -> list[Ruling]:
        """Returns the rulings to show for this period, the controls first."""
        return _rulings_to_show(self.status)


def timeline(subject: Subject, question: Question, book: Rulebook) -> list[Period]:
    """Returns the periods from before the first rule to the last known change, without bills.

    ``question.on`` is ignored.
    """
    found: list[Period] = []
    known: Rulings = {}
    caught: dict[str, Ruling] = {}
    before: tuple[object, ...] = ()
    for day in days(book):
        now = status(subject, replace(question, on=day), book, known)
        catching = {one.rule.id: one for one in _rulings_to_show(now)}
        summary = _summary(now, catching.values())
        if summary == before:
            continue
        began = tuple(one.rule for key, one in catching.items() if key not in caught)
        ended = tuple(one.rule for key, one in caught.items() if key not in catching)
        if found:
            found[-1] = replace(found[-1], until=_day(day, -1))
        found.append(Period(day, None, now, began, ended))
        caught, before = catching, summary
    return found


def _rulings_to_show(one: Status) -> list[Ruling]:
    """Returns the rulings that catch the chip, and the controls that tested it."""
    controls = [
        ruling
        for ruling in one.of_kind(CONTROL)
        if ruling.enforced is not Truth.NO and asks_chips(ruling)
    ]
    return [*controls, *(ruling for ruling in one.bringing() if ruling not in controls)]


def _summary(one: Status, rulings: Iterable[Ruling]) -> tuple[object, ...]:
    shown = {(ruling.rule.id, ruling.words, ruling.caught) for ruling in rulings}
    return one.eccns, one.policies, shown


def days(book: Rulebook) -> list[str]:
    """Returns every day on which a rule begins, pauses, resumes or ends, in order."""
    rules = (day for rule in book.rules.values() for day in _days(rule))
    groups = book.places.groups.values()
    moved = (day for one in groups for day in (*one.left.values(), *one.joined.values()))
    return sorted({BEFORE, *(day for day in (*rules, *moved) if day > BEFORE)})


def _days(rule: Rule) -> Iterator[str]:
    since = rule.published if rule.kind == "announcement" else rule.effective
    if since is None:
        return
    yield since
    places = (rule.destination, *(row.destination for row in rule.policies))
    starts = [rule.enforced_since, *(day for place in places for day in place.since.values())]
    parts: list[Outcome | PolicyRow] = [*rule.outcomes, *rule.policies]
    starts += [one.since for one in parts]
    ends = [rule.end, *(one.until for one in parts)]
    if rule.enforced_until != "never":
        ends.append(rule.enforced_until)
    if rule.suspended:
        starts.append(rule.suspended.since)
        ends.append(rule.suspended.until)
    yield from (day for day in starts if day)
    yield from (_day(day, 1) for day in ends if day)


def _day(day: str, later: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=later)).isoformat()
