"""What was asked of the comparison model, in words: model, format, chips, sizes."""

from collections.abc import Iterable, Iterator

import numpy as np

from bench.chips.model import Chip
from bench.predict.model.facts import Facts, facts
from bench.predict.model.precision import precision, weights_of
from bench.predict.model.recipe import PLAIN
from bench.predict.scenario import Scenario
from bench.report.digits import counted

WORDS = {
    "serve": "serving", "prefill": "prefill", "decode": "decoding", "train": "training",
}  # fmt: skip


def title(asked: Scenario, base: Chip | None) -> str:
    """Returns the title of the answers."""
    beside = f", over {base.name}" if base else ""
    cache = ", 8-bit cache" if asked.precision.cache == 1 else ""
    split = f"{counted(asked.split.chips, 'chip')} ({asked.split})"
    named = f"{asked.workload.name}, {WORDS[asked.phase]} in {asked.precision.name}{cache}"
    return f"{named} on {split}, {_asked(asked)}{_recipe(asked)}{beside}"


def _recipe(asked: Scenario) -> str:
    """Returns how a copy is trained, as it was asked for, where that is not the plain way."""
    recipe = asked.recipe
    told = {
        f"micro={recipe.micro:g}": recipe.micro != PLAIN.micro,
        "recompute=true": recipe.recompute > 0,
        "states=bf16": recipe.narrow,
    }
    return "".join(f", {word}" for word, wanted in told.items() if wanted)


def _asked(asked: Scenario) -> str:
    """Returns the sizes that are the same at all points, in words."""
    words = {
        "batch": counted(asked.batch[0], "request" if asked.phase == "serve" else "sequence"),
        "input": f"{counted(asked.prompt[0], 'token')} in",
        "output": f"{asked.output[0]:,.0f} out",
    }
    wanted = ("batch", "input") if asked.phase in ("prefill", "train") else tuple(words)
    one = [key for key in wanted if key not in points(asked)]
    return ", ".join(words[key] for key in one) or "a sweep"


def points(asked: Scenario) -> tuple[str, ...]:
    """Returns which of batch, input and output a sweep changes."""
    told = {"batch": asked.batch, "input": asked.prompt, "output": asked.output}
    return tuple(key for key, values in told.items() if len(np.unique(values)) > 1)


def beyond(asked: Scenario) -> Iterator[str]:
    """Yields that prompt and answer are longer than the model is published for, if they are."""
    model, length = asked.workload, int((asked.prompt + asked.output).max())
    if length <= model.context:
        return
    most = f", or {model.extended:,} with rope scaling" if model.extended else ""
    yield (
        f"Longer than the model's context: a sequence has {length:,} tokens, its configuration "
        f"allows {model.context:,}{most}. All here is as if it took them."
    )


def published(asked: Scenario, chips: Iterable[Facts]) -> Iterator[str]:
    """Yields that a model comes in another number format than asked, if any chip computes in it.

    Training makes its weights: it has no use for published ones.
    """
    if asked.phase == "train":
        return
    word = asked.workload.published
    kept, every = precision(word), list(chips)
    if word == asked.precision.name or not every:
        return
    if any(chip.name_of(kept.rate) for chip in every):
        yield f"Its weights are published in {word}: precision={word} takes them as they are."
    elif kept.weight < asked.precision.weight:
        yield (
            f"Its weights are published in {word}, in which none of these chips computes: "
            f"precision={weights_of(kept)} keeps them about as small, with products in bf16."
        )


def instead(chips: Iterable[Chip], asked: Scenario) -> Iterator[str]:
    """Yields in what format to ask of chips that lack the rate of this one, if there is any.

    A chip without a rate in 16 bits has none: attention takes it whatever the weights.
    """
    if not any(facts(chip).name_of("bf16") for chip in chips):
        return
    if asked.phase == "train":
        yield "For these chips choose a format on their sheets, such as precision=bf16."
    else:
        word = weights_of(asked.precision)
        yield (
            f"For these chips choose a format on their sheets, or precision={word}: weights of "
            f"{word[1]} bits, products in bf16."
        )
