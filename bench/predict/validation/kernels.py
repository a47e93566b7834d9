"""Attention, experts and collectives of each chip, predicted from measurements of other chips.

As for products, neither the fit, nor the departures, nor the single share of the roofline that is
the second baseline has seen the chip that is left out. Users never see the time of such a kernel by
itself, so intervals are not cut off at published rates here. These kernels are part of steps and
serving, which are tested the way users see them.
"""

from collections.abc import Iterator
from functools import partial
from operator import attrgetter

import numpy as np

from bench.predict.learning import attention, collectives, experts
from bench.predict.learning.attention import DECODE, PREFILL, Attentions
from bench.predict.learning.collectives import HOST, LINK, Collectives
from bench.predict.learning.departure import departure
from bench.predict.learning.experts import GROUPED, Routed
from bench.predict.learning.kernel import Kernel, MeasuredCases, Params, Work, fit_all_chips
from bench.predict.learning.world import World
from bench.predict.model.stack import Stack
from bench.predict.validation.errors import Outcome
from bench.predict.validation.steps import LEAST, leave_out

NamedCases = tuple[str, list[Outcome], str]
"""Name of a part, its cases, and its note."""
# Sources of tables, as in their names.
OURS, INFERSIM, PIPEWEAVE = "aiconfigurator", "infersim", "pipeweave"
RCCL, MORI = "rccl", "mori"
BLOCKS = "fp8 by blocks"
"""Name of the part of experts in fp8 with one scale per block."""
FORMATS = {"bf16": ("bf16", ""), BLOCKS: ("fp8", "block"), "fp8": ("fp8", "per-tensor")}
"""Number format of each part of experts, and a word that the rows' software contains."""
POOR = ("per-tensor", "hopper")
"""Kind of scaling, and family of chips, with a poor kernel that is several times slower than
others; such rows are neither fitted nor predicted."""
SINGLE = 1.0
"""Rows per expert at which DeepGEMM's random routing leaves half of the experts without any."""
# Notes of parts.
UNSERVED = "8-bit caches are left out where the sheet gives no 8-bit rate"
LEFT = "Hopper is left out: its kernel for one scale per tensor is a poor one"
TWO = "each of three chips predicted from two; the path between them is the host's, on no sheet"
TIMER = "other software and another timer, with launches from the host"
FOREIGN = "chips of a maker that no fit has seen; most with eight GPUs in one process"
FUSED = (
    "fused dispatch and combine kernels of experts, which no fit has seen; that two and four GPUs "
    "of a mesh use one and three of seven links is a rule taken from these rows, which do not test "
    "it"
)
BARE = "bare grouped products, predicted by layers with routing; both with one scale per block"


def left_out(world: World) -> Iterator[NamedCases]:
    """Yields kernels of each chip, predicted from the other chips."""
    prompts, steps = (_attention(world, OURS, phase) for phase in ("prefill", "decode"))
    yield f"{PREFILL.name}, vllm", leave_chip_out(PREFILL, prompts), UNSERVED
    yield f"{DECODE.name}, vllm", leave_chip_out(DECODE, steps), UNSERVED
    for name, (_, word) in FORMATS.items():
        note = LEFT if word in POOR else ""
        yield f"{GROUPED.name} {name}, vllm", leave_chip_out(GROUPED, _experts(world, name)), note
    links, hosts = (_collectives(world, OURS, pcie=pcie) for pcie in (False, True))
    yield f"{LINK.name}, nccl", leave_chip_out(LINK, links), ""
    yield f"{HOST.name}, nccl", leave_chip_out(HOST, hosts, least=2), TWO


def other_sources(world: World) -> Iterator[NamedCases]:
    """Yields kernels of other sources, predicted by the same fits."""
    prompts, steps = (_attention(world, INFERSIM, phase) for phase in ("prefill", "decode"))
    known_prompts, known_steps = (_attention(world, OURS, one) for one in ("prefill", "decode"))
    yield f"{PREFILL.name}, {INFERSIM}", predicted(PREFILL, prompts, known_prompts), TIMER
    yield f"{DECODE.name}, {INFERSIM}", predicted(DECODE, steps, known_steps), TIMER
    blocks = _experts(world, BLOCKS)
    yield f"{GROUPED.name} fp8, DeepGEMM", predicted(GROUPED, _bare(world), blocks), BARE
    yield from _linked(world)


def _linked(world: World) -> Iterator[NamedCases]:
    """Yields collectives of other sources."""
    for source, pcie, note in (
        (PIPEWEAVE, False, TIMER), (PIPEWEAVE, True, TIMER), (RCCL, False, FOREIGN),
        (MORI, False, FUSED),
    ):  # fmt: skip
        kernel = HOST if pcie else LINK
        other, known = (_collectives(world, one, pcie=pcie) for one in (source, OURS))
        yield f"{kernel.name}, {source}", predicted(kernel, other, known), note


def _attention(world: World, source: str, phase: str) -> MeasuredCases[Attentions]:
    return attention.measured(world.data[f"attention-{source}"].rows, world.chips, phase)


def _experts(world: World, name: str) -> MeasuredCases[Routed]:
    dtype, word = FORMATS[name]
    software, family = POOR
    rows = [
        one
        for one in world.data[f"grouped-{OURS}"].rows
        if word in one.words["stack"]
        and not (software in one.words["stack"] and world.chips[one.chip].family == family)
    ]
    return experts.measured(rows, world.chips, dtype)


def _bare(world: World) -> MeasuredCases[Routed]:
    rows = world.data[f"grouped-{INFERSIM}"].rows
    return experts.measured(
        [one for one in rows if one["expert_rows"] > SINGLE], world.chips, "fp8"
    )


def _collectives(world: World, source: str, *, pcie: bool) -> MeasuredCases[Collectives]:
    return collectives.measured(world.data[f"collective-{source}"].rows, world.chips, pcie=pcie)


def leave_chip_out(
    kernel: Kernel[Work, Params], known: MeasuredCases[Work], least: int = LEAST
) -> list[Outcome]:
    """Returns cases of each chip, predicted from the other chips.

    Args:
        kernel: the formula.
        known: the measurements.
        least: smallest number of chips to fit on.
    """
    return leave_out(known, attrgetter("chip"), partial(predicted, kernel), least)


def predicted(
    kernel: Kernel[Work, Params], held_out: MeasuredCases[Work], known: MeasuredCases[Work]
) -> list[Outcome]:
    """Returns the held-out cases, predicted from known measurements."""
    params, departed = fit_all_chips(kernel, known)
    share = float(np.median(np.concatenate(known.beyond(kernel.roofline))))
    found: list[Outcome] = []
    rows = zip(*vars(held_out).values(), held_out.beyond(kernel.roofline), strict=True)
    for chip, work, times, names, paper in rows:
        shift, halves = departure(chip, departed, Stack())  # matters for unknown power only
        errors = np.log(kernel.seconds(work, params) / times) + shift
        for name, one, log in zip(names, errors, paper, strict=True):
            rivals = (-float(log), share - float(log))
            found.append(Outcome(chip.chip, name, float(one), halves, rivals))
    return found
