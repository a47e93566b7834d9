"""What of training takes less memory on as many chips, tried and named by the words for it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from bench.predict.forecast import Asked
from bench.predict.model.capacity import room
from bench.predict.model.facts import Facts
from bench.predict.model.parallel import Parallel
from bench.predict.model.recipe import Recipe


@dataclass(frozen=True)
class Way:
    """A way to train, with the words that ask for what differs from the question."""

    words: str
    split: Parallel
    recipe: Recipe


def lighter(chip: Facts, asked: Asked, place: int) -> list[str]:
    """Returns the words that make a model fit on as many chips: each by itself, else together.

    Args:
        chip: with its capacity.
        asked: a question of training that takes more memory than the chip has.
        place: which point of it.
    """
    alone = [next(filter(_fits(chip, asked, place), ways), None) for ways in _alone(asked)]
    found = [way.words for way in alone if way]
    if found:
        return found
    held = next(filter(_fits(chip, asked, place), _together(asked)), None)
    return [held.words] if held else []


def wider(chip: Facts, asked: Asked, place: int) -> tuple[str, int] | None:
    """Returns the words for the fewest chips that train with all recomputed, and their number."""
    fits, recipe = _fits(chip, asked, place), replace(asked.recipe, micro=1.0, recompute=1.0)
    counts = [2**power for power in range(13)]
    splits = [
        replace(asked.split, tp=tp, dp=dp, sharded=dp > 1)
        for tp in counts
        for dp in counts
        if asked.workload.heads % tp == 0 and tp * dp % asked.split.ep == 0
        if dp <= asked.batch[place]
    ]
    ordered = sorted(splits, key=lambda one: (one.chips, one.tp))
    held = next((one for one in ordered if fits(Way("", one, recipe))), None)
    return (f"parallel={held.typed} {_all(asked)}".rstrip(), held.chips) if held else None


def _all(asked: Asked) -> str:
    """Returns the words for single sequences and everything recomputed, as far as it is new."""
    words = ["micro=1"] if asked.recipe.micro > 1 else []
    return " ".join([*words, *(["recompute=true"] if asked.recipe.recompute < 1 else [])])


def _fits(chip: Facts, asked: Asked, place: int) -> Callable[[Way], bool]:
    length, sequences = int(asked.prompt[place] + asked.output[place]), float(asked.batch[place])

    def fits(way: Way) -> bool:
        split, recipe = way.split, way.recipe
        return bool(room(chip, asked.workload, asked.how, split, sequences, length, recipe).fits)

    return fits


def _alone(asked: Asked) -> Iterator[list[Way]]:
    """Yields what can be changed alone, each with its ways from the mildest on."""
    split, recipe = asked.split, asked.recipe
    if recipe.micro > 1:
        yield [Way("micro=1", split, replace(recipe, micro=1.0))]
    if recipe.recompute < 1:
        yield [Way("recompute=true", split, replace(recipe, recompute=1.0))]
    if not recipe.narrow:
        yield [Way("states=bf16", split, replace(recipe, narrow=True))]
    yield [Way(f"parallel={one.typed}", one, recipe) for one in _narrower(asked)]


def _together(asked: Asked) -> Iterator[Way]:
    """Yields splits from the mildest on, with single sequences and everything recomputed."""
    recipe = replace(asked.recipe, micro=1.0, recompute=1.0)
    for one in (asked.split, *_narrower(asked)):
        words = f"parallel={one.typed} " if one != asked.split else ""
        yield Way(f"{words}{_all(asked)}".rstrip(), one, recipe)


def _narrower(asked: Asked) -> Iterator[Parallel]:
    """Yields splits of as many chips that share more: weights over the copies, then ``tp``."""
    split = asked.split
    if split.dp > 1 and not split.sharded:
        yield replace(split, sharded=True)
    wider = 2
    while split.dp % wider == 0 and asked.workload.heads % (split.tp * wider) == 0:
        dp = split.dp // wider
        yield replace(split, tp=split.tp * wider, dp=dp, sharded=dp > 1)
        wider *= 2
