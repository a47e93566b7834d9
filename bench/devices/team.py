"""Connects the ranks of a run: all open their devices before any of them measures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from bench.devices import host
from bench.devices.base import Device, DeviceError
from bench.devices.registry import AUTO, absent, open_device, parse
from bench.kernels.common import ranks


class LostRankError(Exception):
    """Another rank is gone, or too slow to answer."""


class Team(Protocol):
    """Communication between the ranks of a run; a broken connection raises ``LostRankError``."""

    def order(self, words: tuple[Any, ...] | None) -> tuple[Any, ...]:
        """Broadcasts rank 0's order and returns it; the other ranks pass None."""
        ...

    def outcomes(self, mine: "Outcome") -> "list[Outcome]":
        """Gathers the outcomes of an order: all on rank 0, none on the others."""
        ...

    def align(self) -> None:
        """Barrier: returns on all ranks at about the same moment."""
        ...

    def end(self) -> None:
        """Ends the communication."""
        ...


@dataclass(frozen=True)
class Outcome:
    """One rank's result of an order: a value, or an error's type name and message."""

    value: Any = None
    kind: str = ""
    words: str = ""


class TorchTeam:
    """The ranks that torchrun started: orders over gloo, measured data over NCCL if available."""

    def __init__(self, groups: ranks.Groups) -> None:
        self._groups = groups

    def order(self, words: tuple[Any, ...] | None) -> tuple[Any, ...]:
        """Broadcasts rank 0's order and returns it."""
        import torch.distributed as dist

        message: list[Any] = [words]
        with _lost_ranks():
            dist.broadcast_object_list(message, src=0, group=self._groups.orders)
        return tuple(message[0])

    def outcomes(self, mine: Outcome) -> list[Outcome]:
        """Gathers every rank's outcome on rank 0."""
        import torch.distributed as dist

        leads = ranks.rank() == 0
        gathered: list[Any] | None = [None] * ranks.count() if leads else None
        with _lost_ranks():
            dist.gather_object(mine, gathered, dst=0, group=self._groups.answers)
        return gathered or []

    def align(self) -> None:
        """Barrier on the process group that is measured."""
        import torch.distributed as dist

        dist.barrier(group=self._groups.data, device_ids=self._groups.devices)

    def end(self) -> None:
        """Destroys the process groups."""
        ranks.leave()


@contextmanager
def _lost_ranks() -> Iterator[None]:
    """Turns torch's error for a closed connection or a timeout into ``LostRankError``."""
    try:
        yield
    except RuntimeError as error:
        timed_out = "timed out" in str(error).lower()
        reason = f"gave no answer for {ranks.PATIENCE_S:.0f} s" if timed_out else "is gone"
        raise LostRankError(f"another rank {reason}") from error


def word_of_rank(word: str) -> str:
    """Returns this rank's device: the accelerator numbered as its local rank, or the CPU.

    Raises:
        DeviceError: a device that ranks cannot share out, or a given index.
    """
    backend, index = parse(word)
    if backend == "fake":
        raise DeviceError("the fake device is one device: run it without torchrun")
    if index:
        raise DeviceError(f"each rank takes the device of its own number: device={backend}")
    if backend == "auto":
        backend = next(name for name in AUTO if absent(name, 0) is None)
    return "cpu" if backend == "cpu" else f"{backend}:{ranks.local_rank()}"


def join(word: str) -> tuple[Device, TorchTeam]:
    """Opens this rank's device and joins the others, once all have opened one of the same type.

    Raises:
        DeviceError: the other ranks cannot be reached, or one of them has no such device.
    """
    host.reach()  # before torch is loaded
    try:
        ranks.meet()
    except RuntimeError as error:
        raise DeviceError("the other ranks cannot be reached") from error
    trouble = chosen = ""
    try:
        chosen = word_of_rank(word)
        device = open_device(chosen)
    except DeviceError as error:
        trouble = str(error)
    backend, index = parse(chosen or "cpu")
    _agree(ranks.gathered((backend, trouble)))
    if backend == "cpu":
        return device, TorchTeam(ranks.connect(None))
    return device, TorchTeam(ranks.connect(index, str(getattr(device, "kind", backend))))


def _agree(joined: list[tuple[str, str]]) -> None:
    """Raises ``DeviceError`` on all ranks where one has no device or their types differ.

    Args:
        joined: backend and trouble (empty: none) of each rank.
    """
    troubles = [f"rank {rank}: {trouble}" for rank, (_, trouble) in enumerate(joined) if trouble]
    kinds = sorted({backend for backend, _ in joined})
    if not troubles and len(kinds) > 1:
        troubles = [f"ranks of {' and of '.join(kinds)} cannot be measured together"]
    if troubles:
        ranks.leave()
        raise DeviceError(troubles[0])
