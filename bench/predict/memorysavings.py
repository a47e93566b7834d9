"""Changes that make training fit in memory, each named by the keys that ask for it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from bench.predict.model.capacity import room
from bench.predict.model.facts import Facts
from bench.predict.model.parallel import Parallel
from bench.predict.model.recipe import Recipe
from bench.predict.scenario import Scenario


@dataclass(frozen=True)
class TrainingWay:
    """A way to train.

    Attributes:
        words: the command's keys that ask for what differs from the scenario.
        split: how the model is divided.
        recipe: how a copy is trained.
    """

    words: str
    split: Parallel
    recipe: Recipe


def memory_savings(chip: Facts, scenario: Scenario, place: int) -> list[str]:
    """Returns keys that make a model fit on as many chips: single changes, else a combination.

    Args:
        chip: with its memory capacity.
        scenario: training that takes more memory than the chip has.
        place: index of the point.
    """
    fits = _fits(chip, scenario, place)
    single = [next(filter(fits, ways), None) for ways in _single_changes(scenario)]
    found = [way.words for way in single if way]
    if found:
        return found
    combined = next(filter(fits, _combined(scenario)), None)
    return [combined.words] if combined else []


def fewest_chips(chip: Facts, scenario: Scenario, place: int) -> tuple[str, int] | None:
    """Returns the keys for the fewest chips that train with full recomputation, and their number.

    Args:
        chip: with its memory capacity.
        scenario: training that takes more memory than the chip has.
        place: index of the point.
    """
    fits = _fits(chip, scenario, place)
    recipe = replace(scenario.recipe, micro=1.0, recompute=1.0)
    counts = [2**power for power in range(13)]
    splits = [
        _divided(scenario.split, tp, dp)
        for tp in counts
        for dp in counts
        if scenario.workload.heads % tp == 0 and tp * dp % scenario.split.ep == 0
        if dp <= scenario.batch[place]
    ]
    ordered = sorted(splits, key=lambda one: (one.chips, one.tp))
    split = next((one for one in ordered if fits(TrainingWay("", one, recipe))), None)
    if split is None:
        return None
    return f"parallel={split.typed} {_smallest(scenario)}".rstrip(), split.chips


def _smallest(scenario: Scenario) -> str:
    """Returns the keys for micro-batches of one and full recomputation, where they are changes."""
    words = ["micro=1"] if scenario.recipe.micro > 1 else []
    return " ".join([*words, *(["recompute=true"] if scenario.recipe.recompute < 1 else [])])


def _fits(chip: Facts, scenario: Scenario, place: int) -> Callable[[TrainingWay], bool]:
    """Returns a function that tells whether a way to train fits in the chip's memory."""
    length = int(scenario.prompt[place] + scenario.output[place])
    sequences = float(scenario.batch[place])

    def fits(way: TrainingWay) -> bool:
        model, formats = scenario.workload, scenario.precision
        return bool(room(chip, model, formats, way.split, sequences, length, way.recipe).fits)

    return fits


def _single_changes(scenario: Scenario) -> Iterator[list[TrainingWay]]:
    """Yields each thing that can be changed by itself, as ways from the mildest on."""
    split, recipe = scenario.split, scenario.recipe
    if recipe.micro > 1:
        yield [TrainingWay("micro=1", split, replace(recipe, micro=1.0))]
    if recipe.recompute < 1:
        yield [TrainingWay("recompute=true", split, replace(recipe, recompute=1.0))]
    if not recipe.narrow:
        yield [TrainingWay("states=bf16", split, replace(recipe, narrow=True))]
    yield [TrainingWay(f"parallel={one.typed}", one, recipe) for one in _more_shared(scenario)]


def _combined(scenario: Scenario) -> Iterator[TrainingWay]:
    """Yields splits from the mildest on, with micro-batches of one and full recomputation."""
    recipe = replace(scenario.recipe, micro=1.0, recompute=1.0)
    for split in (scenario.split, *_more_shared(scenario)):
        words = f"parallel={split.typed} " if split != scenario.split else ""
        yield TrainingWay(f"{words}{_smallest(scenario)}".rstrip(), split, recipe)


def _more_shared(scenario: Scenario) -> Iterator[Parallel]:
    """Yields splits of as many chips that share more: weights over the copies, then ``tp``."""
    split = scenario.split
    shared = _divided(split, split.tp, split.dp)
    if shared.gathers and not split.sharded:
        yield shared
    factor = 2
    while split.dp % factor == 0 and scenario.workload.heads % (split.tp * factor) == 0:
        yield _divided(split, split.tp * factor, split.dp // factor)
        factor *= 2


def _divided(split: Parallel, tp: int, dp: int) -> Parallel:
    """Returns a split with another ``tp`` and number of copies.

    Copies share their weights, except in a pipeline, where that would save no memory.
    """
    return replace(split, tp=tp, dp=dp, sharded=dp > 1 and split.pp == 1)
