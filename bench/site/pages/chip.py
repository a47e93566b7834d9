"""A page a chip: its sheet with sources, what follows from it, rules through time, evidence."""

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.claims.evaluate import Judgement
from bench.predict.answers import Answer
from bench.predict.tiers import RESTS
from bench.predict.validation.tested import REPEATED
from bench.records.model import Record
from bench.report.dossier import dossier
from bench.report.evidence import evidence_report
from bench.report.markup import cleaned
from bench.report.policies import paragraph, policy
from bench.report.predicted import in_words
from bench.report.predictions import HOW, beside_fit
from bench.site.blocks import Block, blocks, held, unique
from bench.site.page import Page
from bench.site.pages.predictions import inside
from bench.site.predicted import BASE, Standing
from bench.site.words import Words
from bench.site.world import World
from bench.theory.entry import key_of, look_up

HEAD = ("matrix_bf16", "matrix_fp8", "memory_capacity", "memory_bandwidth", "tdp", "tpp",
        "performance_density")  # fmt: skip
"""What the top of a page shows, where the chip has it."""
SPELLED = (
    "Tokens are those of the answers; of prefill only, those of the prompts. TPOT: time between "
    "two tokens of one request; of prefill only, the whole step. Limited by: what takes most of "
    "the time, and its share of it. Memory left: on each chip, after weights, cache and what an "
    "engine keeps."
)
"""What the words of the columns of predictions mean."""
SIGNED = (
    "Error: |predicted / measured − 1|; bias: the median of the signed error. A bias below zero "
    "says for times that it took longer than predicted, for figures that it reached more."
)


def pages(world: World, names: dict[str, str]) -> Iterator[Page]:
    """Yields a page for each sheet."""
    yield from (_page(chip, world, names) for chip in world.chips)


def _page(chip: Chip, world: World, names: dict[str, str]) -> Page:
    path = f"chips/{chip.id}.html"
    words = Words(names, "../", path)
    return Page(
        path=path,
        title=chip.name,
        description=f"{chip.name}: published figures with sources, export rules, evidence.",
        template="chip.html",
        part="chips.html",
        data={
            "chip": chip,
            "facts": _facts(chip, world),
            "status": _status(chip, world),
            "sheet": _sheet(chip, world, words),
            "evidence": _evidence(chip, world, words),
            "predicted": _predicted(chip, world, words),
            "errors": _errors(chip, world, words),
            "claims": [_claim(one, words) for one in world.speaking_of(chip.id)],
            "records": [
                words.link(one.record.id)
                for one in world.own
                if one.record.identity.chip == chip.id
            ],
            "others": [words.link(name) for name in chip.variants],
            "baseline": BASE if chip.id != BASE else "nvidia-h100-sxm-80gb",
        },
    )


def _facts(chip: Chip, world: World) -> list[tuple[str, str, str]]:
    """Returns title, value and anchor of the figures at the top."""
    found = [(key, look_up(chip, key_of(key), world.catalogue)) for key in HEAD]
    return [
        (one.key.title, one.text, key if key in FIGURES else "sheet-1")
        for key, one in found
        if one.value is not None
    ]


def _status(chip: Chip, world: World) -> str:
    known = world.status.get(chip.id)
    if known is None or chip.variants:
        return ""
    return f"{policy(known.status)}; paragraph: {paragraph(known.status)}"


def _sheet(chip: Chip, world: World, words: Words) -> list[Block]:
    """Returns the dossier's tables; each figure of the sheet has its key for an anchor."""
    plain = world.catalogue.chips[chip.id]
    report = cleaned(dossier(plain, world.catalogue, world.book, _records(chip, world)))
    keys = [key for key in FIGURES if key in chip.figures]
    return list(blocks(report, words, "sheet", unique([*keys, *chip.facts])))


def _records(chip: Chip, world: World) -> list[Record]:
    return [one.record for one in world.measured if one.record.identity.chip == chip.id]


def _evidence(chip: Chip, world: World, words: Words) -> list[Block]:
    if not world.observed.get(chip.id):
        return []
    report = cleaned(evidence_report(chip, world.bench))
    return list(blocks(report, words, "evidence"))


def _predicted(chip: Chip, world: World, words: Words) -> Block | None:
    """Returns what the chip would do in each standing question; nothing of no accelerator."""
    rows = [
        _answer(told.question, told.answers[chip.id], words)
        for told in world.predicted
        if chip.id in told.answers
    ]
    columns = (
        "question", "tokens/s, per chip", "x H20, per chip", "TPOT or step", "limited by",
        "memory left", "rests on",
    )  # fmt: skip
    above = words.lines(HOW)
    below = words.lines((SPELLED, RESTS, *_beside(chip, world)))
    return Block("predicted-0", "", columns, rows, above=above, below=below) if rows else None


def _beside(chip: Chip, world: World) -> Iterator[str]:
    """Yields how far the chip is from what was fitted, each line once behind its questions."""
    lines: dict[str, list[str]] = {}
    for told in world.predicted:
        found = told.answers[chip.id].found if chip.id in told.answers else None
        for line in beside_fit([found] if found else []):
            lines.setdefault(line, []).append(told.question.title)
    yield from (f"{'; '.join(titles)}: {line}" for line, titles in lines.items())


def _answer(asked: Standing, one: Answer, words: Words) -> list[Markup]:
    first = Markup('<a href="{}predictions.html#{}">{}</a>').format(
        words.root, asked.key, asked.title
    )
    if one.found is None:
        told = [one.why, *(["–"] * 5)]
    else:
        said = in_words(one, one.found, 0)
        told = [said[key] for key in ("rate", "over", "time", "limit", "left", "rests")]
    return [first, *map(words.text, told)]


def _errors(chip: Chip, world: World, words: Words) -> Block | None:
    """Returns how far predictions of the chip were off where their fit was without it."""
    told = ((name, part["each"].get(chip.id)) for name, part in world.errors.items())
    rows = [words.lines(_error(name, own)) for name, own in told if own and name not in REPEATED]
    columns = ("part: what was left out", "cases", "mean error", "bias", "within 80 / 95%")
    title, below = "How far predictions were off", words.lines((SIGNED,))
    return Block("errors", title, columns, rows, below=below) if rows else None


def _error(name: str, own: dict[str, Any]) -> tuple[str, ...]:
    return name, f"{own['count']:,}", f"{own['mean']:.1%}", f"{own['bias']:+.1%}", inside(own)


def _claim(one: Judgement, words: Words) -> dict[str, object]:
    return {
        "link": words.link(one.claim.id, one.claim.statement),
        "badge": held(one.word.value, one.stands),
        "who": f"{one.claim.speaker}, {one.claim.date}",
    }
