"""Page that compares any chips: published, measured, rule status; the address keeps the choice."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.claims.model import Axis
from bench.claims.weigh import Question
from bench.evidence.pool import Evidence
from bench.judging.rates import Interval
from bench.report.chips.comparison import side_by_side
from bench.report.rules.policies import policy_of
from bench.report.text.digits import with_interval
from bench.report.text.markup import cleaned
from bench.site.blocks import blocks
from bench.site.page import Page
from bench.site.pages.chips import marked_value
from bench.site.words import Linker
from bench.site.world import World
from bench.theory.comparison import compare
from bench.theory.derived import RIDGED
from bench.theory.entry import Key, key_of, look_up

DERIVED = ("tpp", "performance_density", *(f"ridge_{key}" for key in RIDGED), "bytes_per_flop")
DEFAULT_CHIPS = ("nvidia-h20-sxm-96gb", "nvidia-h100-sxm-80gb", "nvidia-a100-sxm-80gb",
         "huawei-ascend-910b2", "huawei-ascend-910c")  # fmt: skip
"""Chips that the page shows at first, as far as they have a sheet."""


def pages(world: World, addresses: dict[str, str]) -> Iterator[Page]:
    """Yields the page; without JavaScript it shows the comparison of the default chips."""
    linker = Linker(addresses, "", "compare.html")
    chips = [chip for chip in world.chips if not chip.variants and chip.kind != "cpu"]
    defaults = [
        world.catalogue.chips[chip] for chip in DEFAULT_CHIPS if chip in world.catalogue.chips
    ]
    report = side_by_side(
        compare(defaults, defaults[0], (), world.catalogue, None), world.catalogue
    )
    yield Page(
        path="compare.html",
        title="Compare chips",
        description="Any chips side by side: published figures, measured ratios, export rules.",
        template="compare.html",
        part="compare.html",
        script=True,
        data={
            "chips": chips,
            "table": list(blocks(cleaned(report), linker, "shown")),
            "facts": facts(chips, world),
            "shown": ",".join(chip.id for chip in defaults),
        },
    )


def facts(chips: Sequence[Chip], world: World) -> dict[str, Any]:
    """Returns the data of the script: values in base units with text, and measured ratios."""
    keys = _keys(chips, world.evidence.whole)
    return {
        "day": world.day,
        "keys": [
            {"k": key.name, "t": key.heading, "a": key.name if key.name in FIGURES else "sheet-1"}
            for key in keys
        ],
        "names": {name.lower(): one.id for one in chips for name in _names(one)},
        "chips": {one.id: _facts(one, keys, world) for one in chips},
        "pairs": _pairs(chips, world),
    }


def _names(chip: Chip) -> tuple[str, ...]:
    return (*chip.aliases, *filter(None, (chip.local_name,)))


def _keys(chips: Sequence[Chip], evidence: Evidence) -> list[Key]:
    """Returns the figures published or measured of at least two chips, and the derived ones."""
    count = Counter(
        key for chip in chips for key, figure in chip.figures.items() if figure.number is not None
    )
    count.update(key for key in FIGURES for chip in chips if evidence.achieved(key, chip.id))
    comparable = [key for key in FIGURES if count[key] > 1]
    return [key_of(key) for key in (*comparable, *DERIVED)]


def _facts(chip: Chip, keys: Sequence[Key], world: World) -> dict[str, Any]:
    entries = ((key.name, look_up(chip, key, world.catalogue)) for key in keys)
    ruling = world.status.get(chip.id)
    return {
        "n": chip.name,
        "v": {
            name: [float(f"{one.value:.6g}"), marked_value(one)]
            for name, one in entries
            if one.value is not None
        },
        "m": _measured(chip, world),
        "p": policy_of(ruling) if ruling else "",
    }


def _measured(chip: Chip, world: World) -> dict[str, list[Any]]:
    """Returns the pooled rate of each measured figure, as a number and as text with interval."""
    rates = {}
    for key in FIGURES:
        achieved = world.evidence.whole.achieved(key, chip.id)
        if achieved:
            text = with_interval(
                Interval(achieved.rate, achieved.low, achieved.high), FIGURES[key].dimension
            )
            rates[key] = [float(f"{achieved.rate:.6g}"), text]
    return rates


def _pairs(chips: Sequence[Chip], world: World) -> dict[str, dict[str, list[Any]]]:
    """Returns measured ratios, first over second, by "FIRST SECOND" and figure.

    Each is a list of ratio, lower and upper end of its 95% interval, and verdict.
    """
    evidence = world.evidence.whole
    ratios: dict[str, dict[str, list[Any]]] = {}
    for key in FIGURES:
        measured_chips = [chip for chip in chips if evidence.achieved(key, chip.id)]
        for first, second in permutations(measured_chips, 2):
            finding = world.evidence.finding(Question(first, second, Axis(figure=key)))
            if finding.measured:
                low, high = finding.measured.interval()
                ratio = [float(f"{value:.3g}") for value in (finding.measured.ratio, low, high)]
                ratios.setdefault(f"{first.id} {second.id}", {})[key] = [*ratio, finding.word.value]
    return ratios
