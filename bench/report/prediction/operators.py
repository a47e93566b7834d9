"""The breakdown of a predicted time by operator."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.predict.answers import Answer
from bench.predict.forecast import Prediction
from bench.report.table import Section
from bench.report.text.digits import NONE
from bench.words import duration

if TYPE_CHECKING:
    from bench.report.text.scalar import Scalar

OPERATOR_NOTES = (
    "Operators: launches and the gaps between them take as many cycles of the boost clock on any "
    "chip. Chip's departure: by how much it, or what it rests on, was measured to differ from what "
    "sheets predict."
)
"""Explains the terms of the operators' tables."""


def operators_section(answer: Answer, prediction: Prediction, place: int) -> Section:
    """Returns the time of each operator at one point, what limits it, and the chip's departure."""
    columns = ("operator", "time", "share", "limited by", "compute", "memory", "link")
    chip, parts = answer.chip.id, list(_parts(prediction, place))
    flat: list[dict[str, Scalar]] = [
        {
            "chip": chip, "operator": operator, "seconds": seconds, "limited_by": limit,
            "compute_s": each[0], "memory_s": each[1], "link_s": each[2],
        }
        for operator, seconds, _, limit, each in parts
    ]  # fmt: skip
    cells = tuple(
        (operator, _time(seconds), f"{share:.0%}", limit, *map(_time, each))
        for operator, seconds, share, limit, each in parts
    )
    title = f"{chip}, {_point(prediction, place)}"
    return Section(title, columns, cells, flat, (), f"operators_{chip}_{place}")


def _point(prediction: Prediction, place: int) -> str:
    """Returns the sizes of one point, which a sweep changes from table to table."""
    scenario = prediction.scenario
    sizes = {"batch": scenario.batch, "input": scenario.prompt, "output": scenario.output}
    return ", ".join(f"{key} {one[place]:,.0f}" for key, one in sizes.items() if one[place])


Part = tuple[str, float, float, str, tuple[float, float, float]]
"""Name, time in s, share of the total, limit, and the time in s of compute, memory and link."""


def _parts(prediction: Prediction, place: int) -> Iterator[Part]:
    """Yields the operators, and last the chip's known departure from what its sheet predicts.

    An operator that takes no time is left out: a single request has no prefills of others in its
    way.
    """
    total = float(prediction.seconds[place])
    for one in prediction.work.parts:
        each = float(one.compute[place]), float(one.memory[place]), float(one.link[place])
        if seconds := float(one.seconds[place]):
            yield one.name, seconds, seconds / total, one.limit(place), each
    departure = total - float(prediction.work.seconds[place])
    yield "chip's departure", departure, departure / total, NONE, (0.0, 0.0, 0.0)


def _time(seconds: float) -> str:
    if seconds < 0:
        return f"-{duration(-seconds)}"
    return duration(seconds) if seconds else NONE
