"""How the ranks of a run meet and talk: each has opened its device before any measures."""

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
    """How the ranks of a run talk; whatever cannot be said raises ``LostRankError``."""

    def order(self, words: tuple[Any, ...] | None) -> tuple[Any, ...]:
        """Sends the first rank's order to all, which give None, and returns it."""
        ...

    def outcomes(self, mine: "Outcome") -> "list[Outcome]":
        """Returns what each rank made of an order, to the first; to the others nothing."""
        ...

    def align(self) -> None:
        """Returns on all ranks at about the same moment."""
        ...

    def end(self) -> None:
        """Ends the talk."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What one rank made of an order: a value, or an error by its kind and words."""

    value: Any = None
    kind: str = ""
    words: str = ""


class TorchTeam:
    """The ranks that torchrun started, over gloo; NCCL, where there is one, carries data alone."""

    def __init__(self, groups: ranks.Groups) -> None:
        self._groups = groups

    def order(self, words: tuple[Any, ...] | None) -> tuple[Any, ...]:
        """Sends an order to all."""
        import torch.distributed as dist

        told: list[Any] = [words]
        with _heard():
            dist.broadcast_object_list(told, src=0, group=self._groups.orders)
        return tuple(told[0])

    def outcomes(self, mine: Outcome) -> list[Outcome]:
        """Returns every rank's outcome to the first."""
        import torch.distributed as dist

        first = ranks.rank() == 0
        told: list[Any] | None = [None] * ranks.count() if first else None
        with _heard():
            dist.gather_object(mine, told, dst=0, group=self._groups.answers)
        return told or []

    def align(self) -> None:
        """Waits until all wait, on the group that is measured."""
        import torch.distributed as dist

        dist.barrier(group=self._groups.data, device_ids=self._groups.devices)

    def end(self) -> None:
        """Ends the groups."""
        ranks.leave()


@contextmanager
def _heard() -> Iterator[None]:
    """Turns what torch says of a connection that is closed or silent into our own words."""
    try:
        yield
    except RuntimeError as error:
        silent = "timed out" in str(error).lower()
        told = f"gave no answer for {ranks.PATIENCE_S:.0f} s" if silent else "is gone"
        raise LostRankError(f"another rank {told}") from error


def word_of_rank(word: str) -> str:
    """Returns the device that this rank takes: the accelerator of its own number, or the CPU.

    Raises:
        DeviceError: a device that cannot be one of several.
    """
    backend, index = parse(word)
    if backend == "fake":
        raise DeviceError("the fake device is one device: run it without torchrun")
    if index:
        raise DeviceError(f"each rank takes the device of its own number: device={backend}")
    if backend == "auto":
        backend = next(name for name in AUTO if _is_here(name))
    return "cpu" if backend == "cpu" else f"{backend}:{ranks.local_rank()}"


def _is_here(backend: str) -> bool:
    return absent(backend, 0) is None


def join(word: str) -> tuple[Device, TorchTeam]:
    """Opens this rank's device and joins the others, once all have one, and of one kind.

    Raises:
        DeviceError: the others do not come, or one has no such device.
    """
    host.reach()  # before torch is loaded
    try:
        ranks.meet()
    except RuntimeError as error:
        raise DeviceError("the other ranks cannot be reached") from error
    trouble = own = ""
    try:
        own = word_of_rank(word)
        device = open_device(own)
    except DeviceError as error:
        trouble = str(error)
    backend, index = parse(own or "cpu")
    _agree(ranks.gathered((backend, trouble)))
    if backend == "cpu":
        return device, TorchTeam(ranks.connect(None))
    return device, TorchTeam(ranks.connect(index, str(getattr(device, "kind", backend))))


def _agree(told: list[tuple[str, str]]) -> None:
    """Raises on all ranks what one of them cannot."""
    troubles = [f"rank {number}: {words}" for number, (_, words) in enumerate(told) if words]
    kinds = sorted({backend for backend, _ in told})
    if not troubles and len(kinds) > 1:
        troubles = [f"ranks of {' and of '.join(kinds)} cannot be measured together"]
    if troubles:
        ranks.leave()
        raise DeviceError(troubles[0])
