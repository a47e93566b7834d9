"""Attention, experts and collectives predicted by what was measured of other chips.

As products are: nothing of the chip that is left out is seen by the fit, nor by the departures, nor
by the one share that the second baseline multiplies the roofline with. Nobody is told of such a
kernel by itself, so that nothing is cut off at a published rate here: it is part of steps and
serving, which are tested as they are told.
"""

from collections.abc import Iterator

import numpy as np

from bench.predict.learning import attending, collectives, experts
from bench.predict.learning.attending import DECODE, PREFILL, Attentions
from bench.predict.learning.collectives import HOST, LINK, Collectives
from bench.predict.learning.expected import departure
from bench.predict.learning.experts import GROUPED, Routed
from bench.predict.learning.kernel import How, Kernel, Known, Work, learnt
from bench.predict.learning.world import World
from bench.predict.model.operators import Array
from bench.predict.model.stack import Stack
from bench.predict.validation.errors import Outcome
from bench.predict.validation.heldout import LEAST

Told = tuple[str, list[Outcome], str]
"""Name of a part, its cases, and what has to be said of it."""
OURS, INFERSIM, PIPEWEAVE = "aiconfigurator", "infersim", "pipeweave"
RCCL, MORI = "rccl", "mori"
BLOCKS = "fp8 by blocks"
FORMATS = {"bf16": ("bf16", ""), BLOCKS: ("fp8", "block"), "fp8": ("fp8", "per-tensor")}
"""Of experts, by the name of a part: number format, and a word of the rows' software."""
POOR = ("per-tensor", "hopper")
"""Experts, and the family of chips that have a poor kernel for them, several times slower than for
others: neither fitted on nor predicted."""
SINGLE = 1.0
"""Rows an expert at which DeepGEMM's uneven draw leaves half of them none."""
UNSERVED = "8-bit caches are left out where the sheet gives no 8-bit rate"
LEFT = "Hopper is left out: its kernel for one scale per tensor is a poor one"
TWO = "each of three chips predicted from two; the path between them is the host's, on no sheet"
TIMER = "other software and another timer, with launches from the host"
FOREIGN = "chips of a maker that no fit has seen; most with eight GPUs in one process"
FUSED = (
    "dispatch and combine of experts, one kernel each, which no fit has seen; that two and four "
    "GPUs of a mesh have one and three of seven links was noticed on these rows, not fitted"
)
BARE = "bare grouped products, predicted by layers with routing; both with one scale per block"


def left_out(world: World) -> Iterator[Told]:
    """Yields kernels of each chip, predicted by the other chips."""
    yield f"{PREFILL.name}, vllm", apart(PREFILL, _attention(world, OURS, "prefill")), UNSERVED
    yield f"{DECODE.name}, vllm", apart(DECODE, _attention(world, OURS, "decode")), UNSERVED
    for name, (_, word) in FORMATS.items():
        note = LEFT if word in POOR else ""
        yield f"{GROUPED.name} {name}, vllm", apart(GROUPED, _experts(world, name)), note
    yield f"{LINK.name}, nccl", apart(LINK, _collectives(world, OURS, pcie=False)), ""
    yield f"{HOST.name}, nccl", apart(HOST, _collectives(world, OURS, pcie=True), least=2), TWO


def elsewhere(world: World) -> Iterator[Told]:
    """Yields kernels of other sources, predicted by the same fits."""
    prompts, steps = (_attention(world, INFERSIM, phase) for phase in ("prefill", "decode"))
    known, then = (_attention(world, OURS, phase) for phase in ("prefill", "decode"))
    yield f"{PREFILL.name}, {INFERSIM}", predicted(PREFILL, prompts, known), TIMER
    yield f"{DECODE.name}, {INFERSIM}", predicted(DECODE, steps, then), TIMER
    blocks = _experts(world, BLOCKS)
    yield f"{GROUPED.name} fp8, DeepGEMM", predicted(GROUPED, _bare(world), blocks), BARE
    yield from _linked(world)


def _linked(world: World) -> Iterator[Told]:
    """Yields collectives of other sources."""
    for source, pcie, note in (
        (PIPEWEAVE, False, TIMER), (PIPEWEAVE, True, TIMER), (RCCL, False, FOREIGN),
        (MORI, False, FUSED),
    ):  # fmt: skip
        kind = HOST if pcie else LINK
        asked, known = (_collectives(world, one, pcie=pcie) for one in (source, OURS))
        yield f"{kind.name}, {source}", predicted(kind, asked, known), note


def _attention(world: World, source: str, phase: str) -> Known[Attentions]:
    return attending.measured(world.data[f"attention-{source}"].rows, world.chips, phase)


def _experts(world: World, name: str) -> Known[Routed]:
    dtype, word = FORMATS[name]
    software, family = POOR
    rows = [
        one
        for one in world.data[f"grouped-{OURS}"].rows
        if word in one.words["stack"]
        and not (software in one.words["stack"] and world.chips[one.chip].family == family)
    ]
    return experts.measured(rows, world.chips, dtype)


def _bare(world: World) -> Known[Routed]:
    rows = world.data[f"grouped-{INFERSIM}"].rows
    return experts.measured(
        [one for one in rows if one["expert_rows"] > SINGLE], world.chips, "fp8"
    )


def _collectives(world: World, source: str, *, pcie: bool) -> Known[Collectives]:
    return collectives.measured(world.data[f"collective-{source}"].rows, world.chips, pcie=pcie)


def apart(kernel: Kernel[Work, How], known: Known[Work], least: int = LEAST) -> list[Outcome]:
    """Returns cases of each chip, predicted by the other chips.

    Args:
        kernel: the formula.
        known: what was measured.
        least: chips without which nothing is fitted.
    """
    kept = [(one, known.without(one)) for one in known.chips]
    return [
        case
        for chip, others in kept
        if len(others.chips) >= least
        for case in predicted(kernel, known.only(chip), others)
    ]


def predicted(kernel: Kernel[Work, How], asked: Known[Work], known: Known[Work]) -> list[Outcome]:
    """Returns cases as they are predicted by what was measured of others."""
    how, departed = learnt(kernel, known)
    share = float(np.median(np.concatenate(_beyond(kernel, known))))
    found: list[Outcome] = []
    rows = zip(asked.chips, asked.works, asked.times, asked.names, strict=True)
    for (chip, work, times, names), paper in zip(rows, _beyond(kernel, asked), strict=True):
        shift, halves = departure(chip, departed, Stack())  # for unknown power alone
        errors = np.log(kernel.seconds(work, how) / times) + shift
        for name, one, log in zip(names, errors, paper, strict=True):
            rivals = (-float(log), share - float(log))
            found.append(Outcome(chip.chip, name, float(one), halves, rivals))
    return found


def _beyond(kernel: Kernel[Work, How], known: Known[Work]) -> list[Array]:
    """Returns log of measured time over the roofline's, chip by chip."""
    pairs = zip(known.works, known.times, strict=True)
    return [np.log(times / kernel.roofline(work)) for work, times in pairs]
