"""What the columns of FlagPerf's tables are of, and what its code makes of them.

What its own benchmarks do is read off their code: a wall clock around all iterations, constant
inputs of 8 bits, pageable host memory for most vendors, and links counted in both directions.
"""

import re
from dataclasses import dataclass

from bench.evidence.model import Defect

MATRIX = re.compile(r"(FP64|FP32|TF32|FP16|BF16|FP8|INT8)算力")
PINNED = ("mthreads", "摩尔线程", "iluvatar", "天数")
"""Vendors for whom its host copy pins the memory."""
ALIKE = {
    "(all_reduce)": "all_reduce", "(alltoall)": "all_to_all", "(reduce_scatter)": "reduce_scatter",
}  # fmt: skip
INSIDE, BETWEEN = "单机多卡的MPI互联", "服务器间多卡的MPI互联"


@dataclass(frozen=True)
class Meaning:
    """What a column is of.

    Attributes:
        quantity: the word for it.
        ways: how many directions of a link its numbers count.
        dtype: the number format.
        defects: what speaks against its numbers.
    """

    quantity: str
    ways: int = 1
    dtype: str | None = None
    defects: tuple[Defect, ...] = ()


def meaning(head: str, *, own_tool: bool, vendor: str) -> Meaning | None:
    """Returns what a column is of, or None where a row can be of no such thing.

    Args:
        head: the column's head, with brackets of half width.
        own_tool: whether a program of the vendor measured it.
        vendor: who that is.
    """
    wall = () if own_tool else (Defect.WALL,)
    if matrix := MATRIX.match(head):
        return _matrix(matrix[1].lower(), wall)
    if head.startswith("主存储带宽"):
        return Meaning("memory_copy", defects=wall)
    if head.startswith("CPU-芯片互联带宽"):
        pinned = own_tool or vendor.lower().startswith(PINNED)
        return Meaning("host_to_device", defects=wall if pinned else (*wall, Defect.PAGEABLE))
    if "P2P互联带宽" in head:
        return _between_two(head, wall)
    return _collective(head, wall)


def _matrix(dtype: str, wall: tuple[Defect, ...]) -> Meaning:
    constant = (Defect.CONSTANT,) if wall and dtype in ("fp8", "int8") else ()
    return Meaning("matmul_shape", dtype=dtype, defects=(*wall, *constant))


def _between_two(head: str, wall: tuple[Defect, ...]) -> Meaning | None:
    """Returns what a column of two devices is of; its own benchmark counts one send twice."""
    both = "双向" in head
    if head.startswith("跨服务器"):
        return Meaning("network_oneway", 2 if both else 1, defects=wall)
    if not head.startswith("服务器内"):
        return None
    if both:
        return Meaning("peer_bidirectional", defects=wall)
    return Meaning("peer_oneway", 2 if wall else 1, defects=wall)


def _collective(head: str, wall: tuple[Defect, ...]) -> Meaning | None:
    """Returns what a column of several devices together is of."""
    if not head.startswith((INSIDE, BETWEEN)) or "算法带宽" in head:
        return None
    if "等效带宽" in head:
        return Meaning("all_reduce", 2, defects=wall)
    for sign, quantity in ALIKE.items():
        if sign in head:
            return Meaning(quantity, defects=wall)
    return Meaning("all_reduce", 2 if wall and head.startswith(INSIDE) else 1, defects=wall)
