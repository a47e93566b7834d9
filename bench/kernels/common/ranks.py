"""The ranks of one run, as torchrun starts them: one process per device, joined in groups."""

import datetime as dt
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bench.kernels.common.base import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch.distributed import ProcessGroup

Made = TypeVar("Made")

ENVIRONMENT = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR")
"""The environment variables that torchrun sets; a batch system sets some of them, never all."""

BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Identifies a running kernel: all containers of a node have the same."""

ALONE = "run it through torchrun: torchrun --nproc-per-node=2 -m bench run suite=links"

PATIENCE_S = 300.0
"""How long one rank waits for another to join, to answer, or to take part in a collective, in s."""

IDLE_S = 86_400.0
"""How long a rank waits for its next order, in s: rank 0 may measure alone for long, and if it
dies, the connection is closed. Rank 0 itself waits ``PATIENCE_S`` for an order to be taken."""


def count() -> int:
    """Returns the number of ranks of this run: 1 without torchrun."""
    return int(os.environ["WORLD_SIZE"]) if all(name in os.environ for name in ENVIRONMENT) else 1


def rank() -> int:
    """Returns the rank of this process, counted from 0."""
    return int(os.environ["RANK"]) if count() > 1 else 0


def local_rank() -> int:
    """Returns the rank of this process on its node, which is the index of its device."""
    return int(os.environ["LOCAL_RANK"]) if count() > 1 else 0


@dataclass(frozen=True)
class Groups:
    """The process groups through which the ranks communicate.

    Attributes:
        answers: group for what each rank sends to all, over gloo.
        orders: group for what rank 0 sends to all, over gloo; ranks may wait long for it.
        data: group that is measured: NCCL (RCCL) or a plug-in's own on accelerators, gloo on a CPU.
        backend: backend of ``data``.
        devices: index of this rank's accelerator, for a barrier of NCCL; None elsewhere.
        nodes: number of nodes that the ranks run on.
    """

    answers: "ProcessGroup"
    orders: "ProcessGroup"
    data: "ProcessGroup"
    backend: str
    devices: list[int] | None
    nodes: int = 1


_joined: dict[str, Groups] = {}


def meet() -> None:
    """Joins the other ranks, and seeds this one's random generator differently from theirs.

    Raises:
        RuntimeError: the others do not join in time.
    """
    import torch
    import torch.distributed as dist

    torch.seed()
    dist.init_process_group("gloo", timeout=dt.timedelta(seconds=PATIENCE_S))


def connect(device: int | None, kind: str = "cuda") -> Groups:
    """Creates the process groups of ranks that have met.

    Args:
        device: index of this rank's accelerator; None on a CPU.
        kind: its torch device type, whose plug-in has its own backend (HCCL, CNCL, XCCL).
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
        nodes=len(set(gathered(_node()))),
    )
    return _joined["groups"]


def nodes() -> int:
    """Returns the number of nodes that the ranks run on."""
    return _joined["groups"].nodes if "groups" in _joined else 1


def _node() -> str:
    """Returns what tells this node from others; it is compared, and never recorded."""
    try:
        return BOOT.read_text()
    except OSError:
        return platform.node()


def _backend(kind: str) -> str:
    """Returns the backend between accelerators of a type; torch knows that of a plug-in."""
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
    """Destroys the groups, if there are any."""
    import torch.distributed as dist

    _joined.clear()
    if dist.is_initialized():
        dist.destroy_process_group()


def gathered(mine: object) -> list[Any]:
    """Returns the objects of all ranks, in rank order; every rank must call this."""
    import torch.distributed as dist

    objects: list[Any] = [None] * count()
    dist.all_gather_object(objects, mine)
    return objects


def agreed(make: "Callable[[], Made]") -> "Made":
    """Returns ``make()`` if it succeeds on every rank; otherwise all raise, so that none hangs."""
    trouble: Exception | None = None
    try:
        made = make()
    except (RuntimeError, MemoryError) as error:
        trouble = error
    failed = gathered(trouble is not None)
    if trouble is not None:
        raise trouble
    if any(failed):
        raise MemoryError(f"no room on rank {failed.index(True)}")
    return made
