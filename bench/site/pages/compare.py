"""Any chips side by side: paper, measurement and rule status; the choice is in the address."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.claims.model import Axis
from bench.claims.weigh import Question
from bench.evidence.pool import Evidence
from bench.rates import Interval
from bench.report.comparison import side_by_side
from bench.report.digits import with_interval
from bench.report.markup import cleaned
from bench.report.policies import policy
from bench.site.blocks import blocks
from bench.site.page import Page
from bench.site.pages.chips import signed
from bench.site.words import Words
from bench.site.world import World
from bench.theory.comparison import compare
from bench.theory.derived import RIDGED
from bench.theory.entry import Key, key_of, look_up

DERIVED = ("tpp", "performance_density", *(f"ridge_{key}" for key in RIDGED), "bytes_per_flop")
SHOWN = ("nvidia-h20-sxm-96gb", "nvidia-h100-sxm-80gb", "nvidia-a100-sxm-80gb",
         "huawei-ascend-910b2", "huawei-ascend-910c")  # fmt: skip
"""What the page shows until somebody chooses; those of them that have a sheet."""


def pages(world: World, names: dict[str, str]) -> Iterator[Page]:
    """Yields the page; without scripts it shows one comparison."""
    words = Words(names, "", "compare.html")
    chips = [one for one in world.chips if not one.variants and one.kind != "cpu"]
    shown = [world.catalogue.chips[one] for one in SHOWN if one in world.catalogue.chips]
    report = side_by_side(compare(shown, shown[0], (), world.catalogue, None), world.catalogue)
    yield Page(
        path="compare.html",
        title="Compare chips",
        description="Any chips side by side: published figures, measured ratios, export rules.",
        template="compare.html",
        part="compare.html",
        script=True,
        data={
            "chips": chips,
            "table": list(blocks(cleaned(report), words, "shown")),
            "facts": facts(chips, world),
            "shown": ",".join(one.id for one in shown),
        },
    )


def facts(chips: Sequence[Chip], world: World) -> dict[str, Any]:
    """Returns what the script compares: values in base units with their text, measured ratios."""
    keys = _keys(chips, world.bench.whole)
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
    """Returns the figures that at least two chips have or reach, and what is derived of them."""
    had = Counter(
        key for one in chips for key, figure in one.figures.items() if figure.number is not None
    )
    had.update(key for key in FIGURES for one in chips if evidence.achieved(key, one.id))
    return [key_of(key) for key in (*(one for one in FIGURES if had[one] > 1), *DERIVED)]


def _facts(chip: Chip, keys: Sequence[Key], world: World) -> dict[str, Any]:
    entries = ((key.name, look_up(chip, key, world.catalogue)) for key in keys)
    known = world.status.get(chip.id)
    return {
        "n": chip.name,
        "v": {
            name: [float(f"{one.value:.6g}"), signed(one)]
            for name, one in entries
            if one.value is not None
        },
        "m": _measured(chip, world),
        "p": policy(known.status) if known else "",
    }


def _measured(chip: Chip, world: World) -> dict[str, list[Any]]:
    """Returns the pooled rate of each figure that was measured, with its interval, as a text."""
    found = {}
    for key in FIGURES:
        known = world.bench.whole.achieved(key, chip.id)
        if known:
            told = with_interval(
                Interval(known.rate, known.low, known.high), FIGURES[key].dimension
            )
            found[key] = [float(f"{known.rate:.6g}"), told]
    return found


def _pairs(chips: Sequence[Chip], world: World) -> dict[str, dict[str, list[Any]]]:
    """Returns measured ratios with 95% intervals and verdicts, first over second, by figure."""
    evidence = world.bench.whole
    found: dict[str, dict[str, list[Any]]] = {}
    for key in FIGURES:
        having = [one for one in chips if evidence.achieved(key, one.id)]
        for first, second in permutations(having, 2):
            told = world.bench.finding(Question(first, second, Axis(figure=key)))
            if told.measured:
                low, high = told.measured.interval()
                ratio = [float(f"{one:.3g}") for one in (told.measured.ratio, low, high)]
                found.setdefault(f"{first.id} {second.id}", {})[key] = [*ratio, told.word.value]
    return found
