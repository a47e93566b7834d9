"""One interface to torch's calls for any accelerator: ``torch.accelerator`` first, then its module.

``torch.accelerator`` (torch 2.6 and later) covers every accelerator, but not every torch has all
of its calls, nor does every plug-in implement them. A plug-in's own module (``torch.npu``,
``torch.musa``) has the same calls under the names of ``torch.cuda``. None where neither has one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

NOT_DONE = (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError)
"""What torch or a plug-in raises for a call that is missing or not implemented for this device."""


class Api:
    """The calls of one device type."""

    def __init__(self, kind: str) -> None:
        import torch

        self.kind = kind
        self.module: Any = torch.get_device_module(kind)
        generic: Any = getattr(torch, "accelerator", None)
        self._generic: Any = generic if current() == kind else None

    def ask(self, name: str, *arguments: object, generic: str = "") -> Any:  # noqa: ANN401 -- torch's answers are various
        """Calls torch and returns its answer, None where no such call works.

        Args:
            name: the function in the device's own module.
            arguments: passed on.
            generic: the function in ``torch.accelerator``; empty if there is none.
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
        """Makes a device the current one."""
        self.ask("set_device", index, generic="set_device_index")

    @contextmanager
    def selected(self, index: int | None = None) -> Iterator[None]:
        """Makes a device the current one, if one is given; afterwards the previous one is again."""
        before = self.ask("current_device", generic="current_device_index")
        if index is not None:
            self.select(index)
        try:
            yield
        finally:
            if before is not None:
                self.select(before)

    def waiter(self, index: int) -> Callable[[], object] | None:
        """Returns the call that synchronizes with a device, None where none works.

        Each candidate is tried on the idle device, so a later error of the one returned is the
        device's own.
        """
        ways: tuple[Callable[[], object], ...] = (
            lambda: self._generic.synchronize(index),
            lambda: self.module.synchronize(index),
            lambda: self.module.synchronize(),  # noqa: PLW0108 -- the attribute may be missing
        )
        for way in ways:
            try:
                way()
            except NOT_DONE:
                continue
            return way
        return None

    def memory(self, index: int) -> tuple[float, float] | None:
        """Returns free and total memory in bytes, None where neither is reported."""
        pair = self.ask("mem_get_info", index, generic="get_memory_info")
        if isinstance(pair, tuple) and len(pair) == 2 and pair[1]:
            return float(pair[0]), float(pair[1])
        limit, allocated = self.ask("recommended_max_memory"), self.ask("driver_allocated_memory")
        return (float(limit - (allocated or 0)), float(limit)) if limit else None

    def reserved(self, index: int) -> float:
        """Returns the bytes reserved by torch's allocator, 0 where it does not report them."""
        return float(self.ask("memory_reserved", index, generic="memory_reserved") or 0)

    def properties(self, index: int) -> Any:  # noqa: ANN401 -- plug-ins have types of their own
        """Returns the device properties; which attributes exist depends on the plug-in."""
        return self.ask("get_device_properties", index)

    def dtypes(self, index: int) -> "frozenset[torch.dtype] | None":
        """Returns the torch dtypes reported as supported (torch 2.10), None if unreported."""
        if self._generic is None:
            return None
        capability = self.ask("", index, generic="get_device_capability")
        dtypes = capability.get("supported_dtypes") if isinstance(capability, dict) else None
        return frozenset(dtypes) if dtypes else None

    def event(self) -> Callable[[], Any] | None:
        """Returns a factory of timing events, None where the device has none."""
        import torch

        makers: tuple[Callable[[], Any], ...] = (
            lambda: self.module.Event(enable_timing=True),
            lambda: torch.Event(self.kind, enable_timing=True),
        )
        for make in makers:
            try:
                make().record()
            except NOT_DONE:
                continue
            return make
        return None


def current() -> str:
    """Returns the device type of torch's current accelerator, built in or plugged in; else ""."""
    import torch

    generic: Any = getattr(torch, "accelerator", None)
    try:
        device = generic.current_accelerator()
    except NOT_DONE:
        return ""
    return str(device.type) if device is not None else ""
