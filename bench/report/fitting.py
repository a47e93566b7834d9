"""Which chips hold a model: weights, cache, what is left, and how many it takes."""

from collections.abc import Sequence

from bench.chips.model import Chip
from bench.errors import UsageError
from bench.predict.capacity import Room, least_chips, room
from bench.predict.facts import Facts, facts
from bench.predict.forecast import Asked
from bench.report.markup import Report
from bench.report.scalar import Scalar
from bench.report.table import Table

NONE = "–"
COLUMNS = (
    "chip", "memory", "weights a chip", "cache a sequence", "sequences that fit", "fits",
    "chips it takes",
)  # fmt: skip


def fitting(chips: Sequence[Chip], asked: Asked) -> Report:
    """Returns what chips hold of a model, the roomiest first; what cannot run its format says so."""
    length = int(asked.prompt[0] + asked.output[0])
    batch = float(asked.batch[0])
    rows = []
    for chip in chips:
        try:
            own = facts(chip)
        except UsageError:
            continue
        taken = room(own, asked.workload, asked.how, asked.split, batch, length)
        rows.append((own, taken, least_chips(own, asked.workload, asked.how, batch, length)))
    if not rows:
        raise UsageError("none of these chips is an accelerator")
    rows.sort(key=lambda row: (-(row[1].capacity or 0.0), row[0].chip))
    table = Table(
        f"{asked.workload.name} in {asked.how.name} on {asked.split.chips} x ({asked.split}), "
        f"{batch:g} sequences of {length:,} tokens",
        ("Kept for the engine: 3.5 GB and a tenth of the memory.",),
        COLUMNS,
        tuple(_cells(own, taken, least, asked) for own, taken, least in rows),
        (),
        (),
    )
    return Report(table, [_flat(own, taken, least, asked) for own, taken, least in rows])


def _supported(own: Facts, asked: Asked) -> str:
    """Returns why a chip does not compute a format, or nothing."""
    try:
        own.peak(asked.how.rate)
    except UsageError:
        return f"no {asked.how.rate} rate on its sheet"
    return ""


def _cells(own: Facts, taken: Room, least: int | None, asked: Asked) -> tuple[str, ...]:
    known = taken.capacity is not None
    word = {True: "yes", False: "no", None: "unknown"}[taken.fits]
    without = _supported(own, asked)
    return (
        own.chip,
        f"{taken.capacity / 1e9:.0f} GB" if taken.capacity is not None else "unknown",
        f"{taken.weights / 1e9:.1f} GB",
        f"{taken.cache / 1e9:.2f} GB",
        f"{taken.most:,}" if taken.most is not None else NONE,
        f"{word}; {without}" if without else word,
        (f"{least}" if least else "over 256") if known else NONE,
    )


def _flat(own: Facts, taken: Room, least: int | None, asked: Asked) -> dict[str, Scalar]:
    return {
        "chip": own.chip, "capacity_B": taken.capacity, "weights_B": taken.weights,
        "cache_B_sequence": taken.cache, "free_B": taken.free, "sequences": taken.most,
        "fits": taken.fits, "supported": not _supported(own, asked), "least_chips": least,
    }  # fmt: skip
