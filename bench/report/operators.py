"""Of what a predicted time is made, operator by operator."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.predict.answers import Answer
from bench.predict.forecast import Prediction
from bench.report.digits import NONE
from bench.report.duration import duration
from bench.report.table import Section

if TYPE_CHECKING:
    from bench.report.scalar import Scalar

SPELLED = (
    "Operators: launches and the gaps between them take as many cycles of the boost clock on any "
    "chip. Chip's departure: by how much it, or what it rests on, was measured to differ from what "
    "sheets predict."
)
"""What the words of operators' tables mean."""


def operators_section(one: Answer, found: Prediction, place: int) -> Section:
    """Returns each operator's time at one point, what limits it, and their sum's remainder."""
    columns = ("operator", "time", "share", "limited by", "compute", "memory", "link")
    told = list(_parts(found, place))
    flat: list[dict[str, Scalar]] = [
        {
            "chip": one.chip.id, "operator": operator, "seconds": seconds, "limited_by": limit,
            "compute_s": each[0], "memory_s": each[1], "link_s": each[2],
        }
        for operator, seconds, _, limit, each in told
    ]  # fmt: skip
    cells = tuple(
        (operator, _time(seconds), f"{share:.0%}", limit, *map(_time, each))
        for operator, seconds, share, limit, each in told
    )
    title = f"{one.chip.id}, {_point(found, place)}"
    return Section(title, columns, cells, flat, (), f"operators_{one.chip.id}_{place}")


def _point(found: Prediction, place: int) -> str:
    """Returns the sizes of one point, which a sweep changes from table to table."""
    asked = found.scenario
    told = {"batch": asked.batch, "input": asked.prompt, "output": asked.output}
    return ", ".join(f"{key} {one[place]:,.0f}" for key, one in told.items() if one[place])


Part = tuple[str, float, float, str, tuple[float, float, float]]


def _parts(found: Prediction, place: int) -> Iterator[Part]:
    """Yields each operator's name, time, share, limit, and what each resource takes.

    One of no time is left out: a single request has no prefills of others in its way. The last is
    by how much the chip is known to depart from what its sheet predicts.
    """
    total = float(found.seconds[place])
    for one in found.work.parts:
        each = float(one.compute[place]), float(one.memory[place]), float(one.link[place])
        if seconds := float(one.seconds[place]):
            yield one.name, seconds, seconds / total, one.limit(place), each
    apart = total - float(found.work.seconds[place])
    yield "chip's departure", apart, apart / total, NONE, (0.0, 0.0, 0.0)


def _time(seconds: float) -> str:
    if seconds < 0:
        return f"-{duration(-seconds)}"
    return duration(seconds) if seconds else NONE
