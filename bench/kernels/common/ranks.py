"""The ranks of one run, as torchrun starts them: one process a device, joined in groups."""

import datetime as dt
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.kernels.common.base import UnsupportedError

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup

TOLD = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR")
"""What torchrun tells each process in its environment; a batch system sets some, never all."""

ALONE = "run it through torchrun: torchrun --nproc-per-node=2 -m bench run suite=links"

PATIENCE_S = 300.0
"""How long one rank waits for another to join, to answer, or to take part in a collective."""

IDLE_S = 86_400.0
"""How long a rank waits for its next order: the first may measure alone, and if it dies, the
connection is closed. The first itself does not wait that long until an order is taken."""


def count() -> int:
    """Returns how many ranks this run has: one without torchrun."""
    return int(os.environ["WORLD_SIZE"]) if all(name in os.environ for name in TOLD) else 1


def rank() -> int:
    """Returns the number of this process among them, counted from 0."""
    return int(os.environ["RANK"]) if count() > 1 else 0


def local_rank() -> int:
    """Returns its number on its node, which is that of its device."""
    return int(os.environ["LOCAL_RANK"]) if count() > 1 else 0


@dataclass(frozen=True)
class Groups:
    """What the ranks talk through.

    Attributes:
        answers: what each sends to all, over gloo.
        orders: what the first sends to all, over gloo; they may wait long for it.
        data: what is measured: NCCL (RCCL) or a plug-in's own on accelerators, gloo on a CPU.
        backend: of ``data``.
        devices: number of this rank's accelerator, for a barrier of NCCL; None elsewhere.
    """

    answers: "ProcessGroup"
    orders: "ProcessGroup"
    data: "ProcessGroup"
    backend: str
    devices: list[int] | None


_joined: dict[str, Groups] = {}


def meet() -> None:
    """Meets the other ranks, and gives this one random numbers of its own.

    Raises:
        RuntimeError: they do not come.
    """
    import torch
    import torch.distributed as dist

    torch.seed()
    dist.init_process_group("gloo", timeout=dt.timedelta(seconds=PATIENCE_S))


def connect(device: int | None, kind: str = "cuda") -> Groups:
    """Makes the groups of ranks that have met.

    Args:
        device: number of this rank's accelerator, None on a CPU.
        kind: its torch device type, whose plug-in brings its own backend (HCCL, CNCL, XCCL).
    """
    import torch.distributed as dist

    backend = "gloo" if device is None else _backend(kind)
    patience, idle = (dt.timedelta(seconds=one) for one in (PATIENCE_S, IDLE_S))
    _joined["groups"] = Groups(
        orders=dist.new_group(backend="gloo", timeout=idle if rank() > 0 else patience),
        answers=dist.new_group(backend="gloo", timeout=patience),
        data=dist.new_group(backend=backend, timeout=patience),
        backend=backend,
        devices=[device] if device is not None and backend == "nccl" else None,
    )
    return _joined["groups"]


def _backend(kind: str) -> str:
    """Returns what carries data between accelerators of a type; torch names a plug-in's own."""
    import torch.distributed as dist

    return "nccl" if kind == "cuda" else dist.get_default_backend_for_device(kind)


def joined() -> Groups:
    """Returns the groups.

    Raises:
        UnsupportedError: this run has one rank only.
    """
    if "groups" not in _joined:
        raise UnsupportedError(ALONE)
    return _joined["groups"]


def leave() -> None:
    """Ends the groups, where there are any."""
    import torch.distributed as dist

    _joined.clear()
    if dist.is_initialized():
        dist.destroy_process_group()


def gathered(mine: object) -> list[Any]:
    """Returns what each rank gives, in their order, to each of them."""
    import torch.distributed as dist

    told: list[Any] = [None] * count()
    dist.all_gather_object(told, mine)
    return told
