"""What the columns of FlagPerf's tables measure, and the defects of their values.

The defects of FlagPerf's own benchmarks follow from its code: wall-clock time around all
iterations, constant 8-bit inputs, pageable host memory for most vendors, and links counted in both
directions.
"""

import re
from dataclasses import dataclass

from bench.evidence.model import Defect

MATRIX = re.compile(r"(FP64|FP32|TF32|FP16|BF16|FP8|INT8)算力")
PINNED = ("mthreads", "摩尔线程", "iluvatar", "天数")
"""Vendors for which FlagPerf's host copy uses pinned memory."""
COLLECTIVES = {
    "(all_reduce)": "all_reduce", "(alltoall)": "all_to_all", "(reduce_scatter)": "reduce_scatter",
}  # fmt: skip
WITHIN_SERVER, BETWEEN_SERVERS = "单机多卡的MPI互联", "服务器间多卡的MPI互联"


@dataclass(frozen=True)
class Meaning:
    """What a column measures.

    Attributes:
        quantity: name of the quantity.
        directions: number of directions of a link that the values add up.
        dtype: number format; None if the quantity has none.
        defects: known defects of the values.
    """

    quantity: str
    directions: int = 1
    dtype: str | None = None
    defects: tuple[Defect, ...] = ()


def meaning(head: str, *, own_tool: bool, vendor: str) -> Meaning | None:
    """Returns what a column measures; None if reports have no such quantity.

    Args:
        head: head of the column, with ASCII brackets.
        own_tool: whether the vendor's own program measured the values.
        vendor: name of the vendor.
    """
    wall_clock = () if own_tool else (Defect.WALL,)
    if matrix := MATRIX.match(head):
        return _matrix(matrix[1].lower(), wall_clock)
    if head.startswith("主存储带宽"):
        return Meaning("memory_copy", defects=wall_clock)
    if head.startswith("CPU-芯片互联带宽"):
        pinned = own_tool or vendor.lower().startswith(PINNED)
        return Meaning(
            "host_to_device", defects=wall_clock if pinned else (*wall_clock, Defect.PAGEABLE)
        )
    if "P2P互联带宽" in head:
        return _peer_link(head, wall_clock)
    return _collective(head, wall_clock)


def _matrix(dtype: str, wall_clock: tuple[Defect, ...]) -> Meaning:
    constant = (Defect.CONSTANT,) if wall_clock and dtype in ("fp8", "int8") else ()
    return Meaning("matmul_shape", dtype=dtype, defects=(*wall_clock, *constant))


def _peer_link(head: str, wall_clock: tuple[Defect, ...]) -> Meaning | None:
    """Returns what a column of two devices measures; FlagPerf's benchmark counts one send twice."""
    bidirectional = "双向" in head
    if head.startswith("跨服务器"):
        return Meaning("network_oneway", 2 if bidirectional else 1, defects=wall_clock)
    if not head.startswith("服务器内"):
        return None
    if bidirectional:
        return Meaning("peer_bidirectional", defects=wall_clock)
    return Meaning("peer_oneway", 2 if wall_clock else 1, defects=wall_clock)


def _collective(head: str, wall_clock: tuple[Defect, ...]) -> Meaning | None:
    """Returns which collective of several devices a column measures."""
    if not head.startswith((WITHIN_SERVER, BETWEEN_SERVERS)) or "算法带宽" in head:
        return None
    if "等效带宽" in head:
        return Meaning("all_reduce", 2, defects=wall_clock)
    for suffix, quantity in COLLECTIVES.items():
        if suffix in head:
            return Meaning(quantity, defects=wall_clock)
    return Meaning(
        "all_reduce", 2 if wall_clock and head.startswith(WITHIN_SERVER) else 1, defects=wall_clock
    )
