"""The time of one step on one chip: each operator's time, what limits it, and their sum."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.predict.model.facts import Facts
from bench.predict.model.links import on_wire, through_host
from bench.predict.model.operators import Array, Operator, Points, operators
from bench.predict.model.parallel import Parallel
from bench.predict.model.pipeline import micro_batch, passes
from bench.predict.model.precision import Precision
from bench.predict.model.stack import CLOCK, Stack, soft_maximum
from bench.workloads.model import Workload

NODE = 8
"""Chips per node, all joined by its links, unless a sheet names a larger rack or a smaller bridge
(``linked_chips``). Within a node, PCIe carries what no bridge does; beyond it, the network does."""
TYPICAL = 0.2
"""Assumed log2 of dense TFLOP/s per watt for a chip without a published board power: the median of
the chips that the stack was fitted on. The interval is widened for it."""
NETWORK = 50e9
"""Assumed rate of an unpublished network, B/s per chip in one direction: a 400 Gb/s port per chip,
close to most published ones. ``forecast`` widens the interval for it and says so."""
LINKED = 400e9
"""Assumed rate of all links of a chip whose sheet names them without a rate, B/s in one direction:
the median of published ones. ``forecast`` widens the interval for it and says so."""
TILE_HEADS = 16.0
"""Query heads are padded to this number where each token has its own keys for all of them: the rows
of most designs' matrix instructions (PTX mma, m16; AMD's MFMA; Ascend's cube)."""
TALL_TILES = {"hopper": 64.0, "blackwell-gb100": 64.0, "blackwell-ultra": 64.0}
"""The same by family, where instructions take more rows (PTX wgmma and tcgen05, m64): FlashMLA
decodes in blocks of 64, and vLLM pads its sparse prefill to 64 on Hopper, to 128 on Blackwell."""


@dataclass(frozen=True)
class Rates:
    """A chip's published rates, as one step uses them; floats, or arrays with one chip per point.

    Attributes:
        product, experts, attention: dense matrix rate for plain products, for routed experts and
            for attention, FLOP/s.
        index: dense matrix rate for an indexer's scores, FLOP/s: that of fp8 if the sheet gives
            one, because published code computes scores in 8 bits whatever the weights; else that
            for attention.
        headroom, experts_headroom, attention_headroom, index_headroom: log2 of TFLOP/s per watt of
            board power at each of these rates.
        bandwidth: memory bandwidth, B/s.
        coded: share of memory traffic that ECC takes.
        clock: boost clock, Hz.
        link, network: bandwidth within and between nodes, B/s in one direction.
        pair: bandwidth between two chips of a full mesh, B/s in one direction; infinite if the
            board is no mesh.
        bus: PCIe bandwidth of a card, B/s in one direction.
        linked: number of chips joined by the link.
        node: number of chips within a node, which exchange without the network.
        tile: query heads to which attention is padded where each token has its own keys.
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
    tile: Array | float


@dataclass(frozen=True)
class OperatorTime:
    """One operator's time in s, and its work on one chip; arrays over the points.

    Attributes:
        compute, memory, link: time that each resource would take alone, at its achieved fraction.
        seconds: time of the operator.
        idle: name of what is waited for while no resource is busy.
        flop, padded: FLOP of the model, and of whole tiles, whose time ``compute`` is.
        moved, sent: bytes of weights, cache and activations; bytes sent in one direction.
    """

    name: str
    compute: Array
    memory: Array
    link: Array
    seconds: Array
    idle: str = "launches"
    flop: Array | float = 0.0
    padded: Array | float = 0.0
    moved: Array | float = 0.0
    sent: Array | float = 0.0

    def times(self, factor: Array | float, prefix: str = "") -> "OperatorTime":
        """Returns times and work multiplied by a factor, under a name with a prefix."""
        times = (self.compute, self.memory, self.link, self.seconds)
        compute, memory, link, seconds = (np.asarray(one * factor) for one in times)
        work = self.flop, self.padded, self.moved, self.sent
        name, more = f"{prefix}{self.name}", (one * factor for one in work)
        return OperatorTime(name, compute, memory, link, seconds, self.idle, *more)

    def limit(self, place: int = 0) -> str:
        """Returns the resource that takes longest at one point."""
        times = {"compute": self.compute, "memory": self.memory, "link": self.link}
        longest = max(times, key=lambda key: float(times[key][place]))
        return longest if times[longest][place] > 0 else self.idle


@dataclass(frozen=True)
class Step:
    """The time of a step, as the sum of its operators."""

    parts: tuple[OperatorTime, ...]

    @property
    def seconds(self) -> Array:
        """Returns the time of the step in s (points,)."""
        return np.asarray(np.sum([one.seconds for one in self.parts], axis=0))

    def limit(self, place: int = 0) -> tuple[str, float]:
        """Returns the limit that accounts for most of the time at one point, and its share."""
        seconds: dict[str, float] = {}
        for one in self.parts:
            key = one.limit(place)
            seconds[key] = seconds.get(key, 0.0) + float(one.seconds[place])
        longest = max(seconds, key=lambda key: seconds[key])
        return longest, seconds[longest] / sum(seconds.values())

    @property
    def busy(self) -> Array:
        """Returns the share of the time in which the arithmetic units are busy (points,)."""
        compute = np.sum([one.compute for one in self.parts], axis=0)
        return np.asarray(np.minimum(1.0, compute / self.seconds))


def step(  # noqa: PLR0913, PLR0917 -- chip, workload and stack kept apart
    chip: Facts,
    workload: Workload,
    phase: str,
    points: Points,
    formats: Precision,
    split: Parallel,
    stack: Stack,
) -> Step:
    """Returns the time of one forward pass over arrays of points.

    Pipeline stages work on micro-batches, see ``pipeline``.

    Raises:
        UsageError: the sheet lacks a figure that the step needs; the message names it.
    """
    work = operators(workload, phase, micro_batch(phase, points, split), formats, split)
    found = timed(work, rates(chip, formats, linked=split.joined), stack)
    times = passes(phase, points, split)
    return Step(tuple(part.times(times) for part in found.parts))


def rates(chip: Facts, formats: Precision, *, linked: bool = False) -> Rates:
    """Returns a chip's published rates for some number formats.

    Args:
        chip: the facts of its sheet.
        formats: number formats of weights and products.
        linked: whether anything is sent to another chip.

    Raises:
        UsageError: a required figure is missing.
    """
    chip.require(["bandwidth", "link"] if linked and not chip.unrated else ["bandwidth"])
    product, experts = chip.peak(formats.dense), chip.peak(formats.rate)
    attention = chip.peak(formats.attention)
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
        tile=TALL_TILES.get(chip.family, TILE_HEADS),
    )


def side_by_side(found: Sequence[Rates]) -> Rates:
    """Returns the rates of several chips as arrays, with one chip per point."""
    fields = Rates.__dataclass_fields__
    return Rates(**{key: np.array([getattr(one, key) for one in found]) for key in fields})


def headroom(chip: Facts, rate: float) -> float:
    """Returns log2 of dense TFLOP/s per watt of board power; ``TYPICAL`` if that is unknown."""
    return math.log2(rate / 1e12 / chip.tdp) if chip.tdp else TYPICAL


def timed(work: Sequence[Operator], chip: Rates, stack: Stack) -> Step:
    """Returns the time of a step, operator by operator."""
    return Step(tuple(_timed(one, chip, stack) for one in work))


def _timed(one: Operator, chip: Rates, stack: Stack) -> OperatorTime:
    """Returns the time of an operator, with its work."""
    time = TIMERS[one.kind](one, chip, stack)
    return replace(time, flop=one.flop, moved=one.weights + one.moved, sent=one.sent)


def _product(operator: Operator, chip: Rates, stack: Stack) -> OperatorTime:
    """Returns the time of a matrix product: soft maximum of compute and memory time."""
    rate, headroom_ = {
        "experts": (chip.experts, chip.experts_headroom),
        "head": (chip.attention, chip.attention_headroom),  # 16 bits wide, as attention is
    }.get(operator.kind, (chip.product, chip.headroom))
    grouped = operator.kind == "experts"
    rows = _padded_rows(operator.tokens, stack, grouped=grouped)
    padded = operator.flop * (rows / np.maximum(operator.tokens, 1e-9))
    compute = padded / (rate * stack.fraction(headroom_))
    memory = operator.weights / (stack.stream * stack.data_bandwidth(chip.bandwidth, chip.coded))
    exponent = stack.experts_overlap if grouped else stack.overlap
    seconds = soft_maximum(compute, memory, exponent)
    zero = np.zeros_like(compute)
    return OperatorTime(operator.name, compute, memory, zero, seconds, padded=padded)


def _padded_rows(rows: Array, stack: Stack, *, grouped: bool) -> Array:
    """Returns rows padded to one tile; for experts, whose rows vary, the average over tiles.

    Beyond one tile, the rows of dense products are not padded to whole tiles: engines choose the
    tile by the rows, and no measured step is longer for the next row.
    """
    if grouped:
        return np.maximum(stack.experts_rows, rows + stack.experts_rows / 2)
    return np.maximum(stack.rows, rows)


def _attention(operator: Operator, chip: Rates, stack: Stack) -> OperatorTime:
    """Returns the time of attention, or of an indexer's scores: the longer of compute and cache."""
    peak, headroom_ = chip.attention, chip.attention_headroom
    if operator.kind == "indexer":
        peak, headroom_ = chip.index, chip.index_headroom
    shortfall = np.maximum(chip.tile / np.maximum(operator.tokens, 1e-9), 1.0)
    padded = operator.flop * np.where(operator.tokens > 0, shortfall, 1.0)
    compute = padded / (peak * stack.fraction(headroom_) * stack.attention)
    memory = operator.moved / (stack.cache * stack.data_bandwidth(chip.bandwidth, chip.coded))
    seconds, zero = np.maximum(compute, memory), np.zeros_like(compute)
    return OperatorTime(operator.name, compute, memory, zero, seconds, padded=padded)


def _stream(operator: Operator, chip: Rates, stack: Stack) -> OperatorTime:
    """Returns the time of operators that only read and write activations."""
    memory = operator.moved / (stack.stream * stack.data_bandwidth(chip.bandwidth, chip.coded))
    zero = np.zeros_like(memory)
    return OperatorTime(operator.name, zero, memory, zero, memory)


def _link(operator: Operator, chip: Rates, stack: Stack) -> OperatorTime:
    """Returns the time of collectives: start-up time of each, and bytes at the achieved rate."""
    crosses_nodes = operator.ranks > chip.node
    share = np.where(through_host(operator, chip), stack.bus, stack.link)
    hops = np.clip(operator.peers, 2.0, np.maximum(chip.node, 2.0)) - 1
    start_s = stack.message_s + stack.hop_s * hops + np.where(crosses_nodes, stack.network_s, 0.0)
    seconds = on_wire(operator, chip) / share + operator.calls * start_s
    zero = np.zeros_like(seconds)
    return OperatorTime(operator.name, zero, zero, seconds, seconds)


def _layer(operator: Operator, chip: Rates, stack: Stack) -> OperatorTime:
    """Returns launch overhead: a fixed number of cycles of the boost clock per layer."""
    fixed_s = stack.layer_s if operator.kind == "layer" else stack.experts_s
    seconds = operator.calls * fixed_s * (CLOCK / np.asarray(chip.clock))
    zero = np.zeros_like(seconds)
    return OperatorTime(operator.name, zero, zero, zero, seconds)


TIMERS = {
    "product": _product, "head": _product, "experts": _product, "attention": _attention,
    "indexer": _attention, "stream": _stream, "link": _link,
    "layer": _layer, "expert layer": _layer,
}  # fmt: skip
"""The function that computes the time of each kind of operator."""
