"""torch's calls for one accelerator, whatever brings it: asked generically, then of its module.

``torch.accelerator`` (torch 2.6 and later) knows every accelerator, but not all of its calls are
in every torch, nor done by every plug-in. A plug-in's own module (``torch.npu``, ``torch.musa``)
has had the same calls for longer, under the names of ``torch.cuda``. What neither knows is None.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

NOT_DONE = (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError)
"""How a torch or a plug-in says that it has no such call, or none for this device."""


class Api:
    """What can be asked of one device type."""

    def __init__(self, kind: str) -> None:
        import torch

        self.kind = kind
        self.module: Any = torch.get_device_module(kind)
        generic: Any = getattr(torch, "accelerator", None)
        self._generic: Any = generic if current() == kind else None

    def ask(self, name: str, *arguments: object, generic: str = "") -> Any:  # noqa: ANN401 -- torch's answers are various
        """Returns what torch answers, None where it knows no such call.

        Args:
            name: of the call in the device's own module.
            arguments: of the call.
            generic: its name in ``torch.accelerator``; empty where it has none.
        """
        for owner, called in ((self._generic, generic), (self.module, name)):
            call = getattr(owner, called, None) if called else None
            if call is None:
                continue
            try:
                return call(*arguments)
            except NOT_DONE:
                continue
        return None

    def count(self) -> int:
        """Returns how many devices of the type there are."""
        return int(self.ask("device_count", generic="device_count") or 0)

    def select(self, index: int) -> None:
        """Makes a device the one that calls without a device are for."""
        self.ask("set_device", index, generic="set_device_index")

    def waiter(self, index: int) -> Callable[[], object] | None:
        """Returns the call that waits for all that was asked of a device, None where none works.

        It is tried once, on a device that is at rest: an error of the one that was found to work
        is then the device's.
        """
        ways: tuple[Callable[[], object], ...] = (
            lambda: self._generic.synchronize(index),
            lambda: self.module.synchronize(index),
            lambda: self.module.synchronize(),  # noqa: PLW0108 -- looked up where it is tried
        )
        for way in ways:
            try:
                way()
            except NOT_DONE:
                continue
            return way
        return None

    def memory(self, index: int) -> tuple[float, float] | None:
        """Returns free and total memory in bytes."""
        told = self.ask("mem_get_info", index, generic="get_memory_info")
        if isinstance(told, tuple) and len(told) == 2 and told[1]:
            return float(told[0]), float(told[1])
        most, held = self.ask("recommended_max_memory"), self.ask("driver_allocated_memory")
        return (float(most - (held or 0)), float(most)) if most else None

    def reserved(self, index: int) -> float:
        """Returns the bytes that torch holds for reuse, 0 where it does not tell."""
        return float(self.ask("memory_reserved", index, generic="memory_reserved") or 0)

    def properties(self, index: int) -> Any:  # noqa: ANN401 -- of whatever type the plug-in has
        """Returns what the device tells of itself; attributes that it lacks are not there."""
        return self.ask("get_device_properties", index)

    def dtypes(self, index: int) -> "frozenset[torch.dtype] | None":
        """Returns the torch dtypes that the device says it can compute with (torch 2.10)."""
        if self._generic is None:
            return None
        told = self.ask("", index, generic="get_device_capability")
        found = told.get("supported_dtypes") if isinstance(told, dict) else None
        return frozenset(found) if found else None

    def event(self) -> Callable[[], Any] | None:
        """Returns what makes an event that can be timed, None where there is none."""
        import torch

        makers: tuple[Callable[[], Any], ...] = (
            lambda: self.module.Event(enable_timing=True),
            lambda: torch.Event(self.kind, enable_timing=True),
        )
        for make in makers:
            try:
                made = make()
                made.record()
            except NOT_DONE:
                continue
            return make
        return None


def current() -> str:
    """Returns the device type of the accelerator that torch was built for or has plugged in."""
    import torch

    generic: Any = getattr(torch, "accelerator", None)
    try:
        found = generic.current_accelerator()
    except NOT_DONE:
        return ""
    return str(found.type) if found is not None else ""
