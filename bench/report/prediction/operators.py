"""The breakdown of a predicted time by operator."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.predict.answers import Answer
from bench.predict.forecast import Prediction
from bench.predict.scenario import Scenario
from bench.report.table import Section
from bench.report.text.digits import NONE
from bench.report.text.scalar import Scalar
from bench.units import Dimension, show
from bench.words import duration

OPERATOR_NOTES = (
    "Operators: compute counts whole tiles, and the time of a product lies between the longer of "
    "compute and memory and their sum, because they overlap only in part. Launches and the gaps "
    "between them take as many cycles of the boost clock on any chip. Chip's departure: by how "
    "much it, or what it rests on, was measured to differ from what sheets predict. FLOP and "
    "bytes, to memory or over the link, are those of one chip."
)
"""Explains the terms of the operators' tables."""
COLUMNS = ("operator", "time", "share", "limited by", "compute", "memory", "link", "FLOP", "bytes")


def operators_section(answer: Answer, prediction: Prediction, place: int) -> Section:
    """Returns the time of each operator at one point, what limits it, and the chip's departure."""
    chip, parts = answer.chip.id, list(_parts(prediction, place))
    asked = _asked(prediction.scenario, place)
    flat: list[dict[str, Scalar]] = [
        {
            "chip": chip, "operator": one.name, "seconds": one.seconds, "limited_by": one.limit,
            "compute_s": one.compute, "memory_s": one.memory, "link_s": one.link, **asked,
            "flop": one.flop, "padded_flop": one.padded, "memory_B": one.moved, "link_B": one.sent,
        }
        for one in parts
    ]  # fmt: skip
    cells = tuple(
        (
            one.name, _time(one.seconds), f"{one.share:.0%}", one.limit,
            *map(_time, (one.compute, one.memory, one.link)),
            _amount(one.flop, "FLOP"), _amount(one.moved or one.sent, "B"),
        )
        for one in parts
    )  # fmt: skip
    title = f"{chip}, {_point(prediction, place)}"
    return Section(title, COLUMNS, cells, flat, (), f"operators_{chip}_{place}")


def _asked(scenario: Scenario, place: int) -> dict[str, Scalar]:
    """Returns the question at one point, by the keys of the predictions' rows."""
    return {
        "workload": scenario.workload.id, "phase": scenario.phase,
        "batch": int(scenario.batch[place]), "input": int(scenario.prompt[place]),
        "output": int(scenario.output[place]) or None, "precision": scenario.precision.name,
        "parallel": scenario.way, "chips": scenario.chips,
    }  # fmt: skip


def _point(prediction: Prediction, place: int) -> str:
    """Returns the sizes of one point, which a sweep changes from table to table."""
    scenario = prediction.scenario
    sizes = {"batch": scenario.batch, "input": scenario.prompt, "output": scenario.output}
    return ", ".join(f"{key} {one[place]:,.0f}" for key, one in sizes.items() if one[place])


@dataclass(frozen=True)
class Part:
    """One row: times in s, and what one chip does in them.

    Attributes:
        share: share of the total time.
        limit: what limits the operator.
        flop, padded: FLOP of the model, and of whole tiles.
        moved, sent: bytes to and from memory, and over the link in one direction.
    """

    name: str
    seconds: float
    share: float
    limit: str
    compute: float = 0.0
    memory: float = 0.0
    link: float = 0.0
    flop: float = 0.0
    padded: float = 0.0
    moved: float = 0.0
    sent: float = 0.0


def _parts(prediction: Prediction, place: int) -> Iterator[Part]:
    """Yields the operators, and last the chip's known departure from what its sheet predicts.

    An operator that takes no time is left out: a single request has no prefills of others in its
    way.
    """
    total = float(prediction.seconds[place])
    for one in prediction.work.parts:
        every = (one.compute, one.memory, one.link, one.flop, one.padded, one.moved, one.sent)
        each = (float(np.broadcast_to(value, one.seconds.shape)[place]) for value in every)
        if seconds := float(one.seconds[place]):
            yield Part(one.name, seconds, seconds / total, one.limit(place), *each)
    departure = total - float(prediction.work.seconds[place])
    yield Part("chip's departure", departure, departure / total, NONE)


def _amount(number: float, unit: str) -> str:
    """Returns FLOP (unit ``FLOP``) or bytes (``B``) with a prefix; ``NONE`` for zero."""
    text = show(number, Dimension(f"{unit}/s")).removesuffix("/s")
    return text if number else NONE


def _time(seconds: float) -> str:
    if seconds < 0:
        return f"-{duration(-seconds)}"
    return duration(seconds) if seconds else NONE
