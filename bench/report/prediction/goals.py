"""Several goals of ``parallel=best`` in one answer: what of them differs, and what some lack."""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.predict.answers import Answer
from bench.predict.ways import ServingGoal
from bench.report.prediction.predictions import unknown_lines
from bench.report.text.digits import NONE
from bench.units import significant
from bench.words import counted, listed

VARIED = ("devices", "prompt", "output", "tpot")
"""The attributes of a goal that may differ between goals."""
Asked = tuple[float, ...]
"""The values of a goal that differ between goals."""


@dataclass(frozen=True)
class GoalResult:
    """What was found for one number of chips within one limit of TPOT.

    Attributes:
        wanted: model, number of chips and limits.
        answers: one per chip; empty if no chip has an answer.
        tried: number of ways to divide the model that were tried.
        why: why there is no answer at all.
    """

    wanted: ServingGoal
    answers: Sequence[Answer]
    tried: int
    why: str = ""


def lengths(goals: Sequence[ServingGoal]) -> str:
    """Returns the tokens per request: ``2,048 tokens in, 512 or 8,192 out``."""
    *prompts, longest = dict.fromkeys(one.prompt for one in goals)
    outputs = (f"{one:,}" for one in dict.fromkeys(one.output for one in goals))
    into = listed([*(f"{one:,}" for one in prompts), counted(longest, "token")], "or")
    return f"{into} in, {listed(outputs, 'or')} out"


def varies(results: Sequence[GoalResult], key: str) -> bool:
    """Tells whether goals differ in a limit, a length or the number of chips."""
    return len({getattr(one.wanted, key) for one in results}) > 1


def asked(results: Sequence[GoalResult], wanted: ServingGoal) -> dict[str, str]:
    """Returns what of a goal differs between goals, in words, by its column."""
    told = {
        "devices": ("chips", f"{wanted.devices:,}"),
        "prompt": ("input", f"{wanted.prompt:,}"),
        "output": ("output", f"{wanted.output:,}"),
        "tpot": ("TPOT limit", _limit(wanted.tpot)),
    }
    return {head: word for key, (head, word) in told.items() if varies(results, key)}


def _limit(tpot: float) -> str:
    return NONE if math.isinf(tpot) else f"{tpot * 1e3:g} ms"


def goal_lines(results: Sequence[GoalResult]) -> Iterator[str]:
    """Yields what goals lack and what else they allow, each after the goals that it holds for.

    What differs between goals is left out where a line holds for all of its values; lines that hold
    for all goals are first.
    """
    keys = [key for key in VARIED if varies(results, key)]
    told: dict[str, dict[Asked, ServingGoal]] = {}
    for goal in results:
        lacking = [goal.why] if goal.why else unknown_lines(goal.answers)
        values = tuple(getattr(goal.wanted, key) for key in keys)
        for line in (*lacking, *_fuller(goal.answers)):
            told.setdefault(line, {})[values] = goal.wanted
    every = [{getattr(one.wanted, key) for one in results} for key in keys]
    for line, goals in sorted(told.items(), key=lambda one: len(one[1]) < len(results)):
        bound = [keys[place] for place, all_ in enumerate(every) if not _any(goals, place, all_)]
        words = dict.fromkeys(_words(one, bound) for one in goals.values())
        yield from (f"{one}: {line}" if one else line for one in words)


def _any(goals: Collection[Asked], place: int, values: Iterable[float]) -> bool:
    """Tells whether some goals are there with every value of one key, whatever the others are."""
    changed = ((*one[:place], value, *one[place + 1 :]) for one in goals for value in values)
    return all(one in goals for one in changed)


def _words(goal: ServingGoal, keys: Sequence[str]) -> str:
    """Returns some of what a goal asks for, in words."""
    words = {
        "devices": counted(goal.devices, "chip"),
        "prompt": f"{goal.prompt:,} in",
        "output": f"{goal.output:,} out",
        "tpot": "any TPOT" if math.isinf(goal.tpot) else f"TPOT {_limit(goal.tpot)} at most",
    }
    return ", ".join(words[key] for key in keys)


def _fuller(answers: Sequence[Answer]) -> Iterator[str]:
    """Yields which ways have more tokens/s if less of the memory is left free."""
    for one in answers:
        if one.found and (way := one.found.fuller):
            yield (
                f"With under 10% of its memory left free, {one.chip.id} has "
                f"{significant(float(way.per_chip()[0]), 3)} tokens/s per chip: "
                f"{way.scenario.way}, {counted(float(way.scenario.batch[0]), 'request')}."
            )
