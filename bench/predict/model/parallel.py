"""How a model is divided over chips: tensor, pipeline, data, expert and context parallelism."""

import math
import re
from dataclasses import dataclass, fields, replace

from bench.errors import UsageError
from bench.words import counted

MOST = 65_536
"""Largest value of each part."""


@dataclass(frozen=True)
class Parallel:
    """A way to divide a model; tp x pp x dp x cp is the number of chips.

    Attributes:
        tp: number of chips that share every layer's matrices (tensor parallel).
        pp: number of stages, each with a share of the layers (pipeline parallel).
        dp: number of whole copies, each with a share of the requests (data parallel). Experts may
            be spread over copies.
        ep: number of chips that a layer's experts are spread over (expert parallel); 1: ``tp``.
        cp: number of chips that share each sequence of a training step (context parallel).
        sharded: whether each copy keeps only its share of the weights and gathers the rest when
            needed (fully sharded data parallel, ZeRO-3); see ``gathers``.
        vp: number of parts that each stage's layers are divided into, which take turns in training
            (interleaved, virtual stages).
    """

    tp: int = 1
    pp: int = 1
    dp: int = 1
    ep: int = 1
    cp: int = 1
    sharded: bool = False
    vp: int = 1

    @property
    def chips(self) -> int:
        """Returns the number of chips."""
        return self.tp * self.pp * self.dp * self.cp

    @property
    def gathers(self) -> bool:
        """Tells whether each micro-batch gathers sharded weights, and sums gradients, anew.

        So torch does by default: twice forward and backward, then it frees them (``fully_shard``,
        ``reshard_after_forward``). Stages of a pipeline keep what they have gathered, and sum
        gradients once per step (torch's ``backward_maybe_with_nosync``; TorchTitan's
        ``fsdp_reshard_after_forward``, whose default is false with a pipeline).
        """
        return self.sharded and self.pp == 1

    @property
    def joined(self) -> bool:
        """Tells whether a pass over one copy sends anything to another chip."""
        return self.tp > 1 or self.pp > 1 or self.ep > 1

    @property
    def shards(self) -> int:
        """Returns the number of chips that a layer's experts are spread over."""
        return max(self.tp, self.ep)

    def expert_slots(self, routed: int) -> int:
        """Returns how many experts the chips of one set hold, redundant copies included.

        Each chip holds equally many. Where ``ep`` does not divide the experts, or exceeds them, the
        spare slots hold copies, as in DeepSeek's serving (arXiv 2412.19437, 3.4): 256 on 144 chips
        take 288 slots.
        """
        return math.ceil(routed / self.ep) * self.ep if self.ep > 1 else routed

    @property
    def typed(self) -> str:
        """Returns the value of ``parallel=`` that asks for it."""
        return str(self).replace(" ", ",")

    def __str__(self) -> str:
        parts = {one.name: getattr(self, one.name) for one in fields(self)}
        if parts.pop("sharded"):
            parts = {"fsdp" if key == "dp" else key: value for key, value in parts.items()}
        return " ".join(f"{key}{value}" for key, value in parts.items() if value != 1) or "tp1"


def parallel(word: str, *, copies: bool = False, experts: bool = True) -> Parallel:
    """Parses ``tp8``, ``tp8,ep8``, ``fsdp8`` or a number, which stands for ``tp``.

    Args:
        word: the value of ``parallel=``.
        copies: whether a bare number stands for ``fsdp`` instead.
        experts: whether the model has experts; if not, ``ep`` is left to ``refuse_split``.

    Raises:
        UsageError: it is something else, ``ep`` does not divide the chips, or ``vp`` has no ``pp``.
    """
    found = {"fsdp" if copies else "tp": int(word)} if word.isdecimal() else _parts(word)
    if min(found.values(), default=1) < 1 or max(found.values()) > MOST:
        raise UsageError(f"parallel={word}: every part is from 1 to {MOST:,}")
    sharded = "fsdp" in found
    if sharded and "dp" in found:
        raise UsageError(f"parallel={word}: dp and fsdp are both of copies: give one")
    tp, pp, ep, cp, vp = (found.get(key, 1) for key in ("tp", "pp", "ep", "cp", "vp"))
    dp = found.get("fsdp", found.get("dp", 1))
    made = Parallel(tp, pp, dp, ep, cp, sharded, vp)
    if vp > 1 and pp == 1:
        raise UsageError(f"parallel={word}: vp{vp} divides a pipeline's stages: give pp, too")
    if experts and made.tp * made.dp % made.ep:
        raise UsageError(_uneven(word, made))
    return made


def _uneven(word: str, made: Parallel) -> str:
    """Returns the message for experts that are not divided evenly, with larger splits that work."""
    factor = made.ep // math.gcd(made.ep, made.tp * made.dp)
    ways = (replace(made, dp=factor * made.dp), replace(made, tp=factor * made.tp))
    examples = " or ".join(f"'{one.typed}'" for one in ways)
    chips = made.tp * made.dp
    return (
        f"parallel={word}: ep{made.ep} does not divide the "
        f"{counted(chips, 'chip')} of tp x dp: {examples} would"
    )


def _parts(word: str) -> dict[str, int]:
    """Returns the value of each part, such as ``tp`` and 8 of ``tp8``."""
    found: dict[str, int] = {}
    for part in re.split(r"[\s,x]+", word.strip()):
        match = re.fullmatch(r"(tp|pp|dp|ep|cp|vp|fsdp)=?(\d+)", part)
        if match is None or match[1] in found:
            raise UsageError(
                f"parallel={word}: write a number, or such as tp8, 'tp8,pp2'; "
                "for serving, best searches for one, and top=pareto shows all worth it"
            )
        found[match[1]] = int(match[2])
    return found
