"""Which chips hold a model: weights, cache, memory left, and how many chips it takes."""

from collections.abc import Iterator, Sequence

from bench.predict.answers import MemoryFit
from bench.predict.holding import MOST_CHIPS
from bench.predict.measuredrates import measured_rates
from bench.predict.model.capacity import Room
from bench.predict.model.facts import Facts
from bench.predict.model.parallel import Parallel
from bench.predict.scenario import Scenario
from bench.report.prediction.predicted import TIGHT, with_way
from bench.report.prediction.question import beyond_context, described, published_format
from bench.report.table import Table
from bench.report.text.digits import NONE
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar
from bench.words import counted

COLUMNS = (
    "chip", "memory", "weights per chip", "cache per sequence", "sequences that fit", "fits",
    "chips needed (tp unless named)",
)  # fmt: skip
MEMORY = (
    "Memory, in billions of bytes, is what a program finds: the sheet's GB, which are GiB, less 1% "
    "for the driver and 1/16 where ECC takes it, or what the driver shows if the sheet says so."
)
"""What the memory of a chip means."""
WORDS = {True: "yes", False: "no", None: "unknown"}
"""Whether a model fits, in words."""


def fitting(found: Sequence[MemoryFit], scenario: Scenario) -> Report:
    """Returns how a model fills each chip; chips that lack its number format are marked."""
    length, batch = int(scenario.prompt[0] + scenario.output[0]), float(scenario.batch[0])
    chips = f"{counted(scenario.split.chips, 'chip')} ({scenario.split})"
    table = Table(
        f"{scenario.workload.name} in {scenario.precision.name} on {chips}, "
        f"{counted(batch, 'sequence')} of {counted(length, 'token')}",
        (MEMORY, "Kept free: 3.5 GB for the engine, and 10% of the memory."),
        COLUMNS,
        tuple(_cells(one, scenario) for one in found),
        tuple(_remarks(scenario, [one.chip for one in found])),
        (),
    )
    return Report(table, [_flat(one, scenario.split.dp) for one in found])


def _remarks(scenario: Scenario, chips: Sequence[Facts]) -> Iterator[str]:
    """Yields what is known of the model, and what was measured in a format no sheet prints."""
    yield from described(scenario)
    yield from beyond_context(scenario)
    yield from published_format(scenario, chips)
    yield from measured_rates(chips, [scenario.precision.rate])


def _cells(fit: MemoryFit, scenario: Scenario) -> tuple[str, ...]:
    room = fit.room
    known = room.capacity is not None
    return (
        fit.chip.chip,
        f"{room.capacity / 1e9:.0f} GB" if room.capacity is not None else "unknown",
        f"{room.weights / 1e9:.1f} GB",
        f"{room.cache / 1e9:.2f} GB",
        _sequences(room, scenario.split.dp),
        _fits(fit, scenario.split),
        _needed(fit.way, scenario.split) if known else NONE,
    )


def _needed(way: Parallel | None, asked: Parallel) -> str:
    """Returns how many chips hold the model, and how they divide it if not by ``tp`` alone."""
    return f"{way.chips}{with_way(way, asked)}" if way else f"none up to {MOST_CHIPS}"


def _fits(fit: MemoryFit, asked: Parallel) -> str:
    """Returns whether the model fits; if the chip lacks its format, formats that it could use."""
    fits = TIGHT if fit.room.tight else WORDS[fit.room.fits]
    if not fit.unsupported:
        return fits
    held = "holds the weights" if fit.room.fits or fit.room.tight else fits
    others = ", ".join(f"{name} needs {_needed(way, asked)}" for name, way in fit.instead)
    return f"{held}; {fit.unsupported}" + (f": {others}" if others else "")


def _sequences(room: Room, copies: int) -> str:
    """Returns how many sequences fit, over all copies of the model."""
    if room.max_sequences is None or room.max_sequences_if_full is None:
        return NONE
    usual = f"{room.max_sequences * copies:,}"
    if room.tight:
        return f"{room.max_sequences_if_full * copies:,} with under 10% free, else {usual}"
    return usual


def _flat(fit: MemoryFit, copies: int) -> dict[str, Scalar]:
    room = fit.room
    most = None if room.max_sequences is None else room.max_sequences * copies
    return {
        "chip": fit.chip.chip, "capacity_B": room.capacity, "weights_B": room.weights,
        "cache_B_sequence": room.cache, "free_B": room.free, "sequences": most,
        "fits": room.fits, "tight": room.tight, "room": room.word,
        "supported": not fit.unsupported, "least_chips": fit.way.chips if fit.way else None,
        "least_parallel": fit.way.typed if fit.way else None,
        "instead": ", ".join(f"{name} {way.chips}" for name, way in fit.instead) or None,
    }  # fmt: skip
