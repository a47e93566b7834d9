"""An out-of-tree torch backend in Python: its devices compute on the CPU, dispatched apart.

torch imports it as it imports any plug-in, by the entry point ``torch.backends`` of its package, so
that a worker which finds it on its path has an accelerator called ``standin``. What a real plug-in
does in C++ is done in Python: ``PrivateUse1`` is renamed, a module of calls is registered, and
tensors of its own are unwrapped, worked on and wrapped again.
"""

import os
import time
from typing import Any, Self

import torch
from torch.utils import backend_registration
from torch.utils._pytree import tree_leaves, tree_map

NAME = "standin"
ASKED = os.environ.get("STANDIN", "").split()
"""What the test wants of it: ``events``, ``wrong-events``, ``memory``."""

MEMORY = 3 * 2**30
LACKS_EVENTS = "events" not in ASKED and "wrong-events" not in ASKED


class Held(torch.Tensor):
    """A tensor of the stand-in, held by the CPU."""

    raw: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, raw: torch.Tensor) -> Self:
        """Wraps a tensor, with its strides and offset."""
        made: Self = torch.Tensor._make_wrapper_subclass(
            cls, raw.size(), strides=raw.stride(), storage_offset=raw.storage_offset(),
            dtype=raw.dtype, device=torch.device(NAME, 0),
        )  # fmt: skip
        made.raw = raw
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch's own is no class method
        cls, op: Any, _: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Does an operation on the CPU; what it returns is the stand-in's unless it left it."""
        told = kwargs or {}
        if op is torch.ops.aten._int_mm.default:
            raise NotImplementedError("Could not run 'aten::_int_mm' on the stand-in")
        leaves = [one for one in tree_leaves((args, told)) if isinstance(one, Held)]
        known = {id(one.raw): one for one in leaves}
        result = op(*tree_map(plain, args), **tree_map(plain, told))
        leaves_it = told.get("device") is not None and torch.device(told["device"]).type != NAME
        if leaves_it or (op is torch.ops.aten.copy_.default and not isinstance(args[0], cls)):
            return result
        return tree_map(lambda one: held(one, known), result)


def plain(one: Any) -> Any:
    """What the CPU is given."""
    if isinstance(one, Held):
        return one.raw
    return torch.device("cpu") if isinstance(one, torch.device) and one.type == NAME else one


def held(one: Any, known: dict[int, Held]) -> Any:
    """What the caller is given: a tensor that was written to is the one it gave."""
    if not isinstance(one, torch.Tensor):
        return one
    return known[id(one)] if id(one) in known else Held(one)


class Event:
    """An event on the host's clock; ``wrong-events`` count in microseconds."""

    def __init__(self, *, enable_timing: bool = False) -> None:
        assert enable_timing
        self.at_s = 0.0

    def record(self) -> None:
        """Notes the time."""
        self.at_s = time.perf_counter()

    def elapsed_time(self, end: "Event") -> float:
        """The time between two events."""
        return (end.at_s - self.at_s) * (1e6 if "wrong-events" in ASKED else 1e3)


class Calls:
    """What a plug-in's module has; the rest is missing, as it is in many."""

    def is_available(self) -> bool:
        """It is there."""
        return True

    def is_initialized(self) -> bool:
        """It needs nothing."""
        return True

    def _is_in_bad_fork(self) -> bool:
        return False

    def manual_seed_all(self, seed: int) -> None:
        """Draws by the CPU's seed."""

    def current_device(self) -> int:
        """The first."""
        return 0

    def device_count(self) -> int:
        """Two devices."""
        return 2

    def synchronize(self, _: int | None = None) -> None:
        """Has ended each call before it returned."""

    def get_device_name(self, index: int) -> str:
        """Its name."""
        return f"Stand-in {index}"

    def __getattr__(self, name: str) -> Any:
        if name == "mem_get_info" and "memory" in ASKED:
            return lambda _: (MEMORY, MEMORY)
        if name == "Event" and not LACKS_EVENTS:
            return Event
        raise AttributeError(name)


def autoload() -> None:
    """Registers the backend; torch calls it when it is imported."""
    backend_registration._setup_privateuseone_for_python_backend(NAME, Calls())
    library: Any = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    for name, make in (
        ("empty.memory_format", torch.empty),
        ("empty_strided", torch.empty_strided),
    ):

        def made(*sizes: Any, dtype: Any = None, make: Any = make, **_: Any) -> Held:
            return Held(make(*sizes, dtype=dtype))

        library.impl(name, made, "PrivateUse1")
    library.impl("_copy_from", copy_from, "PrivateUse1")
    Calls.library = library  # type: ignore[attr-defined]  # unregistered when it is collected


def copy_from(source: Any, target: Any, non_blocking: bool = False) -> Any:  # noqa: ARG001 -- torch's signature
    """Copies from or to the stand-in."""
    plain(target).copy_(plain(source))
    return target
