"""The list of claims with verdicts, each with its findings and values, and a page per claim."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup

from bench.claims.evaluate import Judgement
from bench.claims.judge import Answer, Word
from bench.claims.weigh import Finding, behind, title
from bench.evidence.load import reports
from bench.evidence.observe import OWN, Observation
from bench.report.chips.claims import claim_report, claimed, on_limit, tested_formula
from bench.report.chips.ratios import devices, groups, measured, on_paper, value_text
from bench.report.text.markup import cleaned
from bench.site.blocks import answer_badge, blocks, claim_badge, neutral
from bench.site.page import Page
from bench.site.words import Linker
from bench.site.world import World

HOLDS_TEXT = {True: "holds", False: "does not hold", None: "open"}


def pages(world: World, addresses: dict[str, str]) -> Iterator[Page]:
    """Yields the list of claims and a page for each claim."""
    linker = Linker(addresses, "", "claims.html")
    counts = verdict_counts(world.claims)
    yield Page(
        path="claims.html",
        title=f"{len(world.claims)} claims tested",
        description="Statements that compare AI chips, with verdicts and evidence.",
        template="claims.html",
        part="claims.html",
        script=True,
        data={
            "claims": [_claim(one, world, linker) for one in world.claims],
            "answers": answer_counts(world.claims),
            "counts": counts,
            "sides": sorted({one.claim.side for one in world.claims}),
        },
    )
    yield from (_page(one, world, addresses) for one in world.claims)


def answer_counts(judged: Sequence[Judgement]) -> list[tuple[Markup, str, int]]:
    """Returns each answer as a badge and as a word, with how many claims have it."""
    counts = Counter(one.answer for one in judged)
    return [(answer_badge(one), one.value, counts[one]) for one in Answer]


def verdict_counts(judged: Sequence[Judgement]) -> list[tuple[Markup, str, int]]:
    """Returns each verdict on a ratio as a badge and as a word, with how many claims have it."""
    counts = Counter(one.word for one in judged)
    return [(neutral(one.value), one.value, counts[one]) for one in Word if counts[one]]


def _claim(judgement: Judgement, world: World, linker: Linker) -> dict[str, Any]:
    claim = judgement.claim
    source = world.catalogue.sources[claim.source]
    return {
        "id": claim.id,
        "statement": claim.statement,
        "badge": claim_badge(judgement.word.value, judgement.stands),
        "answer": judgement.answer.value,
        "word": judgement.word.value,
        "side": claim.side,
        "who": f"{claim.speaker} ({claim.side}), {claim.date}",
        "source": linker.outside(source.url, source.title or claim.source),
        "read": linker.text(tested_formula(judgement.deciding.deciding)),
        "page": linker.link(claim.id, "Its own page, with what would change the verdict"),
        "findings": [
            _finding(finding, linker) for pair in judgement.pairs for finding in pair.findings
        ],
        "values": _values(judgement, world, linker),
    }


def _finding(finding: Finding, linker: Linker) -> list[Markup]:
    question = finding.question
    cells = (
        f"{question.first.id} / {question.second.id}",
        title(question.axis),
        claimed(question),
        f"{on_paper(finding.paper)}: {HOLDS_TEXT[finding.on_paper]}{on_limit(finding)}",
        f"{measured(finding.measured)}: {HOLDS_TEXT[finding.holds]}" if finding.measured else "–",
    )
    verdict = Markup("{}<br>{}").format(
        claim_badge(finding.word.value, finding.stands), finding.reason
    )
    groups_and_devices = (groups(finding.measured), devices(finding.needed))
    return [*map(linker.text, cells), verdict, *map(linker.text, groups_and_devices)]


def _values(judgement: Judgement, world: World, linker: Linker) -> list[Markup]:
    """Returns every measured value behind a claim, one line each, linked to source or record."""
    findings = (finding for pair in judgement.pairs for finding in pair.findings)
    observations = {
        observation.ref: observation
        for finding in findings
        for observation in behind(finding, world.evidence.whole)
    }
    ordered = sorted(
        observations.values(),
        key=lambda observation: (observation.chip, -observation.weight, observation.ref),
    )
    return [_value(observation, world, linker) for observation in ordered]


def _value(observation: Observation, world: World, linker: Linker) -> Markup:
    share = f" = {observation.fraction:.1%} of paper" if observation.fraction is not None else ""
    why = f" ({', '.join(observation.why)})" if observation.why else ""
    value = f"{value_text(observation)}{share}, {observation.quantity.title}"
    chip = linker.link(observation.chip, world.catalogue.chips[observation.chip].name)
    weight = f"weight {observation.weight:g}{why}"
    return Markup("{}: {}, {}, {}").format(chip, value, weight, origin(observation, linker))


def origin(observation: Observation, linker: Linker, *, dated: bool = True) -> Markup:
    """Returns who measured a value, and when if ``dated``, linked to the source or the record."""
    source = observation.ref.partition(":")[0]
    if observation.by == OWN:
        return linker.link(source, "our record")
    told = f"{observation.by}, {observation.date}" if dated else observation.by
    return linker.outside(reports()[source].source.url, told)


def _page(judgement: Judgement, world: World, addresses: dict[str, str]) -> Page:
    claim = judgement.claim
    path = f"claims/{claim.id}.html"
    linker = Linker(addresses, "../", path)
    report = cleaned(claim_report(judgement, world.evidence))
    return Page(
        path=path,
        title=claim.statement,
        description=f"Said by {claim.speaker}, {claim.date}: {judgement.answer.value}.",
        template="claim.html",
        part="claims.html",
        data={
            "badge": claim_badge(judgement.word.value, judgement.stands),
            "blocks": list(blocks(report, linker, "claim")),
        },
    )
