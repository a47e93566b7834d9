"""A scenario in words: model, number format, chips, sizes; and remarks on its formats."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from bench.chips.model import Chip
from bench.predict.model.facts import Facts
from bench.predict.model.precision import precision, weights_of
from bench.predict.model.recipe import PLAIN
from bench.predict.scenario import Scenario
from bench.words import counted
from bench.workloads.model import Configured

WORDS = {
    "serve": "serving", "prefill": "prefill", "decode": "decoding", "train": "training",
}  # fmt: skip

MOST_NAMED = 3
"""At most this many chips are named; more are counted."""


def title(scenario: Scenario, base: Chip | None) -> str:
    """Returns the title of a table of answers."""
    beside = f", over {base.name}" if base else ""
    cache = ", 8-bit cache" if scenario.precision.cache == 1 else ""
    split = f"{counted(scenario.chips, 'chip')} ({scenario.way})"
    named = f"{scenario.workload.name}, {WORDS[scenario.phase]} in {scenario.precision.name}{cache}"
    return f"{named} on {split}, {_sizes(scenario)}{_recipe(scenario)}{beside}"


def _recipe(scenario: Scenario) -> str:
    """Returns the keys of the training recipe that differ from the default."""
    recipe = scenario.recipe
    differs = {
        f"micro={recipe.micro:g}": recipe.micro != PLAIN.micro,
        "recompute=true": recipe.recompute > 0,
        "states=bf16": recipe.narrow,
    }
    return "".join(f", {key}" for key, does in differs.items() if does)


def _sizes(scenario: Scenario) -> str:
    """Returns the sizes that are the same at all points, in words."""
    words = {
        "batch": counted(scenario.batch[0], "request" if scenario.phase == "serve" else "sequence"),
        "input": f"{counted(scenario.prompt[0], 'token')} in",
        "output": f"{scenario.output[0]:,.0f} out",
    }
    keys = ("batch", "input") if scenario.phase in ("prefill", "train") else tuple(words)
    fixed = [words[key] for key in keys if key not in swept_sizes(scenario)]
    return ", ".join(fixed) or "a sweep"


def swept_sizes(scenario: Scenario) -> tuple[str, ...]:
    """Returns which of batch, input and output differ between the points of a sweep."""
    sizes = {"batch": scenario.batch, "input": scenario.prompt, "output": scenario.output}
    return tuple(key for key, values in sizes.items() if len(np.unique(values)) > 1)


def described(scenario: Scenario) -> Iterator[str]:
    """Yields what was read of a model that a user's file describes."""
    if isinstance(scenario.workload, Configured) and scenario.workload.note:
        yield scenario.workload.note


def beyond_context(scenario: Scenario) -> Iterator[str]:
    """Yields a remark if prompt and answer together are longer than the model's context."""
    model, length = scenario.workload, int((scenario.prompt + scenario.output).max())
    if length <= model.context:
        return
    most = f", or {model.extended:,} with rope scaling" if model.extended else ""
    yield (
        f"Longer than the model's context: a sequence has {length:,} tokens, its configuration "
        f"allows {model.context:,}{most}. All here is as if it took them."
    )


def published_format(scenario: Scenario, chips: Iterable[Facts]) -> Iterator[str]:
    """Yields a remark if the model's weights are published in another number format than asked.

    It names the chips that compute in that format if not all of them do.
    Training makes its own weights, so that the published format does not matter.
    """
    if scenario.phase == "train":
        return
    name = scenario.workload.published
    format_, computing = precision(name), {chip.chip: chip for chip in chips}
    if name == scenario.precision.name or not computing:
        return
    able = [one for one, chip in computing.items() if chip.name_of(format_.rate)]
    if able:
        few = "" if len(able) == len(computing) else f" on {_some(able)}, and on no other of these"
        yield f"Its weights are published in {name}: precision={name} takes them as they are{few}."
    elif format_.weight < scenario.precision.weight:
        yield (
            f"Its weights are published in {name}, in which none of these chips computes: "
            f"precision={weights_of(format_)} keeps them about as small, with products in bf16."
        )


def _some(chips: Sequence[str]) -> str:
    """Returns the names of chips, or of many their number."""
    return ", ".join(chips) if len(chips) <= MOST_NAMED else counted(len(chips), "chip")
