"""How a model is divided over chips."""

import math
import re
from dataclasses import dataclass, fields, replace

from bench.errors import UsageError

MOST = 65_536


@dataclass(frozen=True)
class Parallel:
    """Ways a model is divided; their product, but for experts, is the number of chips.

    Attributes:
        tp: chips that share every layer's matrices (tensor parallel).
        pp: groups that hold a share of the layers each (pipeline parallel).
        dp: whole copies that share requests (data parallel); experts may be spread over them.
        ep: chips over which a layer's experts are spread (expert parallel); 1: as ``tp``.
        cp: chips that share each sequence of a training step (context parallel).
        sharded: whether each copy keeps its share of the weights only and gathers the rest as it
            goes (fully sharded data parallel, ZeRO-3).
        vp: parts of its layers that each group of a pipeline takes in turn in training
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
        """Returns how many chips there are."""
        return self.tp * self.pp * self.dp * self.cp

    @property
    def joined(self) -> bool:
        """Tells whether a pass over one copy sends anything to another chip."""
        return self.tp > 1 or self.pp > 1 or self.ep > 1

    @property
    def shards(self) -> int:
        """Returns over how many chips a layer's experts are spread."""
        return max(self.tp, self.ep)

    @property
    def typed(self) -> str:
        """Returns it as a word of the command."""
        return str(self).replace(" ", ",")

    def __str__(self) -> str:
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        if told.pop("sharded"):
            told = {"fsdp" if key == "dp" else key: value for key, value in told.items()}
        return " ".join(f"{key}{value}" for key, value in told.items() if value != 1) or "tp1"


def parallel(word: str, *, copies: bool = False) -> Parallel:
    """Reads ``tp8``, ``tp8,ep8``, ``fsdp8`` or a number, which is that of ``tp``.

    Args:
        word: as it is asked for.
        copies: whether a bare number is of copies that share their weights instead.

    Raises:
        UsageError: another word, experts over more chips than there are, or turns of no pipeline.
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
    if made.ep > made.tp * made.dp or made.tp * made.dp % made.ep:
        raise UsageError(_uneven(word, made))
    return made


def _uneven(word: str, made: Parallel) -> str:
    """Returns why experts do not come out even, with more copies or a wider ``tp`` that do."""
    factor = made.ep // math.gcd(made.ep, made.tp * made.dp)
    ways = (replace(made, dp=factor * made.dp), replace(made, tp=factor * made.tp))
    told = " or ".join(f"'{one.typed}'" for one in ways)
    chips = made.tp * made.dp
    return (
        f"parallel={word}: ep{made.ep} does not divide the {chips} "
        f"chip{'' if chips == 1 else 's'} of tp x dp: {told} would"
    )


def _parts(word: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in re.split(r"[\s,x]+", word.strip()):
        told = re.fullmatch(r"(tp|pp|dp|ep|cp|vp|fsdp)=?(\d+)", part)
        if told is None or told[1] in found:
            raise UsageError(
                f"parallel={word}: write a number, or such as tp8, 'tp8,pp2'; "
                "for serving, best searches for one"
            )
        found[told[1]] = int(told[2])
    return found
