"""How a model is divided over chips."""

import re
from dataclasses import dataclass, fields

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
    """

    tp: int = 1
    pp: int = 1
    dp: int = 1
    ep: int = 1

    @property
    def chips(self) -> int:
        """Returns how many chips there are."""
        return self.tp * self.pp * self.dp

    @property
    def shards(self) -> int:
        """Returns over how many chips a layer's experts are spread."""
        return max(self.tp, self.ep)

    def __str__(self) -> str:
        told = [f"{one.name}{getattr(self, one.name)}" for one in fields(self)]
        return " ".join(word for word in told if not re.fullmatch(r"[a-z]+1", word)) or "tp1"


def parallel(word: str) -> Parallel:
    """Reads ``tp8``, ``tp8,ep8`` or a number, which is that of ``tp``.

    Raises:
        UsageError: another word, or experts over more chips than there are.
    """
    found = {"tp": int(word)} if word.isdecimal() else _parts(word)
    if min(found.values(), default=1) < 1 or max(found.values()) > MOST:
        raise UsageError(f"parallel={word}: every part is from 1 to {MOST:,}")
    made = Parallel(**found)
    if made.ep > made.tp * made.dp or made.tp * made.dp % made.ep:
        raise UsageError(
            f"parallel={word}: ep{made.ep} does not divide the {made.tp * made.dp} chips of tp x dp"
        )
    return made


def _parts(word: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in re.split(r"[\s,x]+", word.strip()):
        told = re.fullmatch(r"(tp|pp|dp|ep)=?(\d+)", part)
        if told is None or told[1] in found:
            raise UsageError(f"parallel={word}: write a number, or such as tp8, 'tp8,pp2'")
        found[told[1]] = int(told[2])
    return found
