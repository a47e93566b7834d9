"""Which chips hold a model: weights, cache, what is left, and how many it takes."""

from collections.abc import Sequence

from bench.predict.answers import Held
from bench.predict.forecast import Asked
from bench.predict.model.capacity import Room
from bench.report.digits import NONE, counted
from bench.report.markup import Report
from bench.report.predicted import TIGHT
from bench.report.question import beyond, published
from bench.report.scalar import Scalar
from bench.report.table import Table

COLUMNS = (
    "chip", "memory", "weights per chip", "cache per sequence", "sequences that fit", "fits",
    "chips needed (tp)",
)  # fmt: skip
WORDS = {True: "yes", False: "no", None: "unknown"}


def fitting(found: Sequence[Held], asked: Asked) -> Report:
    """Returns what chips hold of a model; what cannot run its format says so."""
    length, batch = int(asked.prompt[0] + asked.output[0]), float(asked.batch[0])
    chips = f"{counted(asked.split.chips, 'chip')} ({asked.split})"
    table = Table(
        f"{asked.workload.name} in {asked.how.name} on {chips}, "
        f"{counted(batch, 'sequence')} of {counted(length, 'token')}",
        ("Kept free: 3.5 GB for the engine, and 10% of the memory.",),
        COLUMNS,
        tuple(_cells(one, asked.split.dp) for one in found),
        (*beyond(asked), *published(asked, [one.chip for one in found])),
        (),
    )
    return Report(table, [_flat(one, asked.split.dp) for one in found])


def _cells(one: Held, copies: int) -> tuple[str, ...]:
    taken = one.room
    known = taken.capacity is not None
    return (
        one.chip.chip,
        f"{taken.capacity / 1e9:.0f} GB" if taken.capacity is not None else "unknown",
        f"{taken.weights / 1e9:.1f} GB",
        f"{taken.cache / 1e9:.2f} GB",
        _sequences(taken, copies),
        _fits(one),
        (f"{one.least}" if one.least else f"none up to {one.tried}") if known else NONE,
    )


def _fits(one: Held) -> str:
    """Returns whether a model fits; of a chip that lacks its format, in which it can be served."""
    word = TIGHT if one.room.tight else WORDS[one.room.fits]
    if not one.lacks:
        return word
    held = "holds the weights" if one.room.fits or one.room.tight else word
    others = ", ".join(f"{name} needs {least}" for name, least in one.instead)
    return f"{held}; {one.lacks}" + (f": {others}" if others else "")


def _sequences(taken: Room, copies: int) -> str:
    if taken.most is None or taken.squeezed is None:
        return NONE
    if taken.tight:
        return f"{taken.squeezed * copies:,} with under 10% free, else {taken.most * copies:,}"
    return f"{taken.most * copies:,}"


def _flat(one: Held, copies: int) -> dict[str, Scalar]:
    taken = one.room
    most = None if taken.most is None else taken.most * copies
    return {
        "chip": one.chip.chip, "capacity_B": taken.capacity, "weights_B": taken.weights,
        "cache_B_sequence": taken.cache, "free_B": taken.free, "sequences": most,
        "fits": taken.fits, "tight": taken.tight, "room": taken.word, "supported": not one.lacks,
        "least_chips": one.least, "instead": ", ".join(f"{x} {n}" for x, n in one.instead) or None,
    }  # fmt: skip
