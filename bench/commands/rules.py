"""Shows export rules by date: the status of chips, their history, an explanation, their margin."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.commands.printed import printed
from bench.config import compose
from bench.errors import UsageError, did_you_mean
from bench.shapes import RulesConfig

if TYPE_CHECKING:
    from bench.chips.load import Catalogue
    from bench.report.text.markup import Report
    from bench.rules.load import Rulebook
    from bench.rules.model import Rule
    from bench.rules.places import Question
    from bench.rules.subject import Changes

VIEWS = ("status", "timeline", "explain", "whatif", "list")
HELP = """\
python -m bench rules [status|timeline|explain|whatif|list] [key=value ...]

Which export rules applied to a chip on a day: paragraph of the US control list, licence policy and
why, letters to makers, practice, tariff, the Entity List, and separately measures of China and of
the destination. What is not published is unknown, never 'no'. A research aid, not legal advice.

  status            one line per chip (the default)
  timeline          one chip over time
  explain           every condition of the rules that decide, with the chip's values and margins
  whatif            how far a chip may go before it needs a licence, and every change of policy
                    that one attribute, or one and a flag, leads to; also with assumed values
  list              the rules themselves; with rule= in full, with every threshold

  chips=[...]       status: ids, names, groups (export-tier, domestic, huawei); default export-tier
  chip=             timeline, explain, whatif: one chip
  on=               the day, such as 2025-08-15, or today (the default)
  destination=CN    a country by code or name
  headquarters=     country of the buyer's ultimate parent; default: the destination
  export_from=us    us, or abroad for re-exports
  rule=             explain, list: one rule by its id, in force or not, bills included; or a
                    paragraph such as 3A090 or 3A090.a.1 (4A090, and those that end in
                    .z, such as 5A992.z, have the same thresholds)
  sources=false     true gives sources in full in the footnotes: address, how each was read
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html

  whatif: tpp= density= memory_bandwidth= interconnect= io= datacenter= us_sale=
                    values to assume, such as tpp=4000 memory_bandwidth='1.3 TB/s' datacenter=yes;
                    50% is half of what the sheet has

Examples
  python -m bench rules on=2025-08-15 destination=CN chips=[h20,mi308x,rtx4090]
  python -m bench rules timeline chip=h20
  python -m bench rules explain chip=h20 on=2024-06-01
  python -m bench rules explain chip=h20 rule=US-BILL-SAFE-CHIPS
  python -m bench rules explain chip=b30a rule=3A090
  python -m bench rules whatif chip=h20 on=2024-06-01 tpp=2400
  python -m bench rules list on=2026-02-01 report=csv

Exit code: 0 shown, 2 wrong usage, or a data file has a fault.
"""
MANY = 300
"""For more chips than this, disputed figures are not tried one by one."""
SUPPOSED = {
    "tpp": "tpp",
    "density": "pd",
    "memory_bandwidth": "memory_bandwidth",
    "interconnect": "interconnect",
    "io": "io",
    "datacenter": "datacenter",
    "us_sale": "us_sale",
}
"""The keys of ``whatif`` and the attributes that they set."""


def main(words: list[str]) -> int:
    """Prints one view of the rules."""
    from bench.chips.load import catalogue
    from bench.chips.select import covered
    from bench.report.text.footnotes import cites, with_hint

    view = words.pop(0) if words and "=" not in words[0] and not words[0].startswith("-") else ""
    if view and view not in VIEWS:
        raise UsageError(f"no view {view!r} of rules: {did_you_mean(view, VIEWS)}")
    config = compose("rules", words, RulesConfig)
    report = _report(view or "status", config)
    report = with_hint(report, cite=cites(config.report.format, sources=config.sources))
    printed(report, config.report.format, covered(config.chips, catalogue()))
    return 0


@dataclass(frozen=True)
class _Request:
    """The question, and the data that answers it.

    Attributes:
        question: day, destination and buyer.
        rules: the rules that ``rule=`` names; empty for all.
        changed: the attributes of the chip that are assumed (``whatif``).
        book: all rules.
        catalogue: all sheets.
        cite: whether footnotes have sources in full.
    """

    question: "Question"
    rules: "list[Rule]"
    changed: "Changes"
    book: "Rulebook"
    catalogue: "Catalogue"
    cite: bool


def _report(view: str, config: RulesConfig) -> "Report":
    from bench.chips.load import catalogue
    from bench.report.text.footnotes import cites
    from bench.rules.load import rulebook

    _either(view, config)
    _fitting(view, config)
    changed, book = _changes(config), rulebook()
    question = _question(config, book)
    rules, cite = _rules(view, config, book), cites(config.report.format, sources=config.sources)
    request = _Request(question, rules, changed, book, catalogue(), cite)
    views = {
        "status": _status,
        "timeline": _timeline,
        "explain": _explain,
        "whatif": _whatif,
        "list": _list,
    }
    return views[view](config, request)


def _either(view: str, config: RulesConfig) -> None:
    """Accepts ``chip=`` for ``chips=`` in views of several chips, and the reverse."""
    if view == "status" and config.chip and not config.chips:
        config.chips, config.chip = config.chip.strip("[]").split(","), None
    if view in ("timeline", "explain", "whatif") and len(config.chips) == 1 and not config.chip:
        (config.chip,), config.chips = config.chips, []


def _fitting(view: str, config: RulesConfig) -> None:
    """Refuses a key that this view does not use, and a missing one that it needs."""
    allowed = {
        "status": ("chips",),
        "timeline": ("chip",),
        "explain": ("chip", "rule"),
        "whatif": ("chip", *SUPPOSED),
        "list": ("rule",),
    }[view]
    for key in ("chips", "chip", "rule", *SUPPOSED):
        if key not in allowed and getattr(config, key):
            homes = {"chips": "status", "chip": "timeline, explain and whatif"}
            home = homes.get(key, "whatif" if key in SUPPOSED else "explain and list")
            other = {"chip": "chips", "chips": "chip"}.get(key)
            instead = f": give {other}=" if other in allowed else ""
            raise UsageError(f"{key}= belongs to rules {home}, not to rules {view}{instead}")
    if view == "timeline" and config.on:
        raise UsageError("a timeline covers every day: leave out on=")
    if view in ("timeline", "explain") and not config.chip:
        raise UsageError("which chip? give chip=, such as chip=h20")
    if view == "whatif" and not any(getattr(config, key) for key in ("chip", *SUPPOSED)):
        raise UsageError("whatif needs chip=, or values such as tpp=4000 datacenter=yes")


def _question(config: RulesConfig, book: "Rulebook") -> "Question":
    from bench.rules.places import Question, day

    on = day(config.on)
    if config.export_from not in ("us", "abroad"):
        near = did_you_mean(config.export_from, ("us", "abroad"))
        raise UsageError(f"no export_from {config.export_from!r}: {near}")
    there = book.places.find(config.destination)
    parent = book.places.find(config.headquarters) if config.headquarters else there
    return Question(on, there, parent, config.export_from == "us")


def _rules(view: str, config: RulesConfig, book: "Rulebook") -> "list[Rule]":
    """Returns the rule that ``rule=`` names, or the rules of a paragraph; empty without it."""
    if not config.rule:
        return []
    rules = book.of_paragraph(config.rule) or [book.find(config.rule)]
    if view == "explain" and not rules[0].outcomes:
        key = rules[0].id
        raise UsageError(f"{key} sets no condition on a chip: see 'rules list rule={key}'")
    return rules


def _status(config: RulesConfig, request: _Request) -> "Report":
    from bench.chips.select import select
    from bench.report.rules.rulings import statuses
    from bench.rules.judged import judged

    chips = select(config.chips or ["export-tier"], request.catalogue)
    few = len(chips) <= MANY
    found = [
        judged(chip, request.question, request.catalogue, request.book, disputes=few)
        for chip in chips
    ]
    cite = request.cite
    return statuses(found, request.question, request.book, request.catalogue, cite=cite)


def _timeline(config: RulesConfig, request: _Request) -> "Report":
    from bench.report.rules.timeline import periods
    from bench.rules.judged import judged
    from bench.rules.subject import subject
    from bench.rules.timeline import timeline

    catalogue, book = request.catalogue, request.book
    chip = catalogue.find(config.chip or "")
    found = timeline(subject(chip, catalogue), request.question, book)
    last = judged(chip, replace(request.question, on=found[-1].since), catalogue, book)
    return periods(last, found, book, catalogue, cite=request.cite)


def _explain(config: RulesConfig, request: _Request) -> "Report":
    from bench.report.rules.predicates import explanation
    from bench.rules.judged import judged
    from bench.rules.reason import asks_chips
    from bench.rules.ruling import CONTROL, EMBARGO, LETTER, rule_on

    catalogue, book = request.catalogue, request.book
    found = judged(catalogue.find(config.chip or ""), request.question, catalogue, book)
    status = found.status
    rulings = list(status.of_kind(EMBARGO))
    rulings += [one for one in status.of_kind(CONTROL, LETTER) if asks_chips(one)]
    rulings += [one for one in status.bringing() if one not in rulings]
    if request.rules:
        part = replace(found.facts, eccns=status.eccns)
        every = [rule_on(rule, part, request.question, book.places) for rule in request.rules]
        standing = [one for one in every if one.in_text]
        rulings = [one for one in standing if asks_chips(one)] or standing or every
    return explanation(found, rulings, book, catalogue, cite=request.cite)


def _whatif(config: RulesConfig, request: _Request) -> "Report":
    from bench.report.rules.whatif import changes, room_report
    from bench.rules.judge import status
    from bench.rules.judged import Judged, judged
    from bench.rules.steps import steps
    from bench.rules.whatif import Supposed, room

    catalogue, book, question = request.catalogue, request.book, request.question
    chip = catalogue.find(config.chip) if config.chip else None
    supposed = Supposed(chip, catalogue, request.changed)
    part = supposed.subject()
    here = status(part, question, book)
    plain = judged(chip, question, catalogue, book) if chip else Judged(None, part, here)
    disputed = () if request.changed else plain.disputed
    shown = Judged(chip, part, here, disputed, request.changed)
    rooms, found = room(supposed, question, book), steps(supposed, question, book)
    report = room_report(shown, plain.status, rooms, book, catalogue, cite=request.cite)
    return replace(report, more=(changes(shown, found),))


def _list(_: RulesConfig, request: _Request) -> "Report":
    from bench.report.rules.rulelist import rule_list

    book = request.book
    rules = request.rules or list(book.rules.values())
    on, full = request.question.on, bool(request.rules)
    return rule_list(rules, on, book, request.catalogue, full=full, cite=request.cite)


def _changes(config: RulesConfig) -> "Changes":
    """Returns the values that ``whatif`` assumes, by attribute."""
    from bench.rules.assumed import assumed

    given = {attribute: getattr(config, key) for key, attribute in SUPPOSED.items()}
    return assumed({key: text for key, text in given.items() if text is not None}, config.chip)
