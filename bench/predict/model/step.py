"""The time of one step on one chip: each operator's, what limits it, and their sum."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.errors import UsageError
from bench.predict.model.facts import Facts
from bench.predict.model.links import on_wire
from bench.predict.model.operators import Array, Operator, Points, operators
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import Precision
from bench.predict.model.stack import CLOCK, Stack, soft_maximum
from bench.workloads.model import Workload

SHORT = 2**20
"""Bytes of a message below which a collective is bound by its begin more than by the link."""
NODE = 8
"""Chips of a node, which share its links where a sheet names neither a rack of more nor a bridge of
fewer (``linked_chips``). Within a node PCIe carries what no bridge does, beyond it the network."""
TYPICAL = 0.2
"""log2 of dense TFLOP/s a watt where nobody published the board power: the middle of the chips
that the stack was fitted on; the interval is widened for it."""
NETWORK = 50e9
"""B/s in one direction between nodes, a chip, where nobody published it: a 400 Gb/s port each, as
most of those published are near; ``forecast`` widens the interval for it and says so."""
LINKED = 400e9
"""B/s in one direction of all links of a chip whose sheet names them without a rate: the middle of
what is published of others; ``forecast`` widens the interval for it and says so."""
HEADS = 64
"""Heads that are filled up to where keys are chosen one by one: the rows of a tensor core's product
(PTX wgmma, m64; vLLM pads FlashMLA's sparse prefill to them on Hopper, to 128 on Blackwell)."""
WORDS = {"bandwidth": "memory bandwidth", "link": "link bandwidth, nor PCIe"}


@dataclass(frozen=True)
class Rates:
    """What a chip's sheet promises to a step; floats, or arrays with one chip a point.

    Attributes:
        product, experts, attention: dense matrix rates of products, of those of routed experts, and
            of attention, FLOP/s.
        index: of an indexer's scores, FLOP/s: in 8 bits where the sheet gives fp8, as its models'
            own code has them whatever the weights; else as of attention.
        headroom, experts_headroom, attention_headroom, index_headroom: log2 of TFLOP/s a watt at
            each.
        bandwidth: of memory, B/s.
        coded: share of its traffic that ECC takes.
        clock: boost clock, Hz.
        link, network: one direction, B/s, within and between nodes.
        pair: one direction of two chips of a full mesh, B/s; infinite where there is none.
        bus: PCIe of a card in one direction, B/s.
        linked, node: chips that the link joins, and those that no network parts.
    """

    product: Array | float
    experts: Array | float
    attention: Array | float
    index: Array | float
    headroom: Array | float
    experts_headroom: Array | float
    attention_headroom: Array | float
    index_headroom: Array | float
    bandwidth: Array | float
    coded: Array | float
    clock: Array | float
    link: Array | float
    network: Array | float
    pair: Array | float
    bus: Array | float
    linked: Array | float
    node: Array | float


@dataclass(frozen=True)
class Timed:
    """One operator's time, in seconds; arrays over the points.

    Attributes:
        compute, memory, link: what each resource takes by itself, at its achieved fraction.
        seconds: all together.
        idle: what is waited for where no resource is at work.
    """

    name: str
    compute: Array
    memory: Array
    link: Array
    seconds: Array
    idle: str = "launches"

    def times(self, factor: Array | float, prefix: str = "") -> "Timed":
        """Returns the same done so many times over, under a longer name."""
        told = (self.compute, self.memory, self.link, self.seconds)
        compute, memory, link, seconds = (np.asarray(one * factor) for one in told)
        return Timed(f"{prefix}{self.name}", compute, memory, link, seconds, self.idle)

    def limit(self, place: int = 0) -> str:
        """Returns the resource that takes longest at one point."""
        taken = {"compute": self.compute, "memory": self.memory, "link": self.link}
        longest = max(taken, key=lambda key: float(taken[key][place]))
        return longest if taken[longest][place] > 0 else self.idle


@dataclass(frozen=True)
class Step:
    """The time of a step, and of what it is made."""

    parts: tuple[Timed, ...]

    @property
    def seconds(self) -> Array:
        """Returns the time over the points."""
        return np.asarray(np.sum([one.seconds for one in self.parts], axis=0))

    def limit(self, place: int = 0) -> tuple[str, float]:
        """Returns what takes most of the time at one point, and its share of it."""
        taken: dict[str, float] = {}
        for one in self.parts:
            key = one.limit(place)
            taken[key] = taken.get(key, 0.0) + float(one.seconds[place])
        longest = max(taken, key=lambda key: taken[key])
        return longest, taken[longest] / sum(taken.values())

    @property
    def busy(self) -> Array:
        """Returns the share of the time in which the arithmetic units work."""
        return np.asarray(
            np.minimum(1.0, np.sum([one.compute for one in self.parts], axis=0) / self.seconds)
        )


def step(  # noqa: PLR0913, PLR0917 -- owners of parameters kept apart
    chip: Facts,
    workload: Workload,
    phase: str,
    points: Points,
    how: Precision,
    split: Parallel,
    stack: Stack,
) -> Step:
    """Returns the time of one forward pass over arrays of points.

    Raises:
        UsageError: the sheet lacks a figure that the step needs; the message names it.
    """
    every = operators(workload, phase, points, how, split)
    return timed(every, rates(chip, how, linked=split.joined), stack)


def rates(chip: Facts, how: Precision, *, linked: bool = False) -> Rates:
    """Returns what a chip promises in some formats.

    Args:
        chip: the facts.
        how: formats.
        linked: whether anything is sent to another chip.

    Raises:
        UsageError: a figure is missing without which no time can be told.
    """
    missing = chip.needs(["bandwidth", "link"] if linked and not chip.unrated else ["bandwidth"])
    if missing:
        told = " and no ".join(WORDS[key] for key in missing)
        raise UsageError(f"{chip.chip}: unknown, because its sheet has no {told}")
    product, experts = chip.peak(how.dense), chip.peak(how.rate)
    attention = chip.peak(how.attention)
    index = chip.peak("fp8") if chip.name_of("fp8") else attention
    return Rates(
        product=product,
        experts=experts,
        attention=attention,
        index=index,
        headroom=headroom(chip, product),
        experts_headroom=headroom(chip, experts),
        attention_headroom=headroom(chip, attention),
        index_headroom=headroom(chip, index),
        bandwidth=chip.bandwidth or 0.0,
        coded=chip.coded,
        clock=chip.clock or CLOCK,
        link=chip.link or (LINKED if chip.unrated else 0.0),
        network=chip.network or NETWORK,
        pair=chip.pair or math.inf,
        bus=chip.bus or NETWORK,
        linked=chip.linked or NODE,
        node=max(chip.linked or NODE, NODE),
    )


def side_by_side(found: Sequence[Rates]) -> Rates:
    """Returns what several chips promise, one chip a point."""
    fields = Rates.__dataclass_fields__
    return Rates(**{key: np.array([getattr(one, key) for one in found]) for key in fields})


def headroom(chip: Facts, rate: float) -> float:
    """Returns log2 of dense TFLOP/s a watt of board power, a typical one if that is unknown."""
    return math.log2(rate / 1e12 / chip.tdp) if chip.tdp else TYPICAL


def timed(every: Sequence[Operator], chip: Rates, stack: Stack) -> Step:
    """Returns each operator's time."""
    return Step(tuple(HOW[one.kind](one, chip, stack) for one in every))


def _product(one: Operator, chip: Rates, stack: Stack) -> Timed:
    promised, away = {
        "experts": (chip.experts, chip.experts_headroom),
        "head": (chip.attention, chip.attention_headroom),  # 16 bits wide, as attention is
    }.get(one.kind, (chip.product, chip.headroom))
    grouped = one.kind == "experts"
    padded = _filled(one.tokens, stack, grouped=grouped) / np.maximum(one.tokens, 1e-9)
    compute = one.flop * padded / (promised * stack.fraction(away))
    memory = one.weights / (stack.stream * stack.carried(chip.bandwidth, chip.coded))
    exponent = stack.experts_overlap if grouped else stack.overlap
    seconds = soft_maximum(compute, memory, exponent)
    return Timed(one.name, compute, memory, np.zeros_like(compute), seconds)


def _filled(rows: Array, stack: Stack, *, grouped: bool) -> Array:
    """Returns rows with what tiles are filled up by; of experts, whose rows vary, on average."""
    if grouped:
        return np.maximum(stack.experts_rows, rows + stack.experts_rows / 2)
    return np.asarray(np.ceil(rows / stack.rows) * stack.rows)


def _attention(one: Operator, chip: Rates, stack: Stack) -> Timed:
    rate = chip.attention * stack.fraction(chip.attention_headroom) * stack.attention
    filled = np.where(one.tokens > 0, np.maximum(HEADS / np.maximum(one.tokens, 1e-9), 1.0), 1.0)
    compute = one.flop * filled / rate
    memory = one.moved / (stack.cache * stack.carried(chip.bandwidth, chip.coded))
    return Timed(one.name, compute, memory, np.zeros_like(compute), np.maximum(compute, memory))


def _indexer(one: Operator, chip: Rates, stack: Stack) -> Timed:
    rate = chip.index * stack.fraction(chip.index_headroom) * stack.attention
    compute = one.flop / rate
    memory = one.moved / (stack.cache * stack.carried(chip.bandwidth, chip.coded))
    return Timed(one.name, compute, memory, np.zeros_like(compute), np.maximum(compute, memory))


def _stream(one: Operator, chip: Rates, stack: Stack) -> Timed:
    memory = one.moved / (stack.stream * stack.carried(chip.bandwidth, chip.coded))
    none = np.zeros_like(memory)
    return Timed(one.name, none, memory, none, memory)


def _link(one: Operator, chip: Rates, stack: Stack) -> Timed:
    away = one.over > chip.node
    short = one.sent / np.maximum(one.calls, 1.0) < SHORT
    share = np.where(short, stack.link_small, stack.link)
    begin = stack.message_s + np.where(away, stack.network_s, 0.0)
    seconds = on_wire(one, chip) / share + one.calls * begin
    none = np.zeros_like(seconds)
    return Timed(one.name, none, none, seconds, seconds)


def _layer(one: Operator, chip: Rates, stack: Stack) -> Timed:
    fixed = stack.layer_s if one.kind == "layer" else stack.experts_s
    seconds = one.calls * fixed * (CLOCK / np.asarray(chip.clock))
    none = np.zeros_like(seconds)
    return Timed(one.name, none, none, none, seconds)


HOW = {
    "product": _product, "head": _product, "experts": _product, "attention": _attention,
    "indexer": _indexer,
    "stream": _stream, "link": _link, "layer": _layer, "expert layer": _layer,
}  # fmt: skip
