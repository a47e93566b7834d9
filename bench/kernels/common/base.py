"""What a kernel is: a configuration it can run, the work it declares, the figure it tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from bench.records.model import Check, Quantity, Work

if TYPE_CHECKING:
    import torch

DATA = ("normal", "uniform", "integers", "constant", "zeros")
"""How inputs are drawn; the rate of a power-limited chip depends on it."""


class UnsupportedError(Exception):
    """The device, or torch on it, has no such operation; the text says what is missing."""


@dataclass(frozen=True)
class Point:
    """One configuration of a kernel.

    Attributes:
        kernel: name of the kernel.
        dtype: element type of the inputs, in the field's short names (``bf16``).
        data: how inputs are drawn, one of ``DATA``.
        parameters: sizes and choices, such as ``m``, ``n``, ``k`` or ``elements``.
    """

    kernel: str
    dtype: str
    data: str = "normal"
    parameters: dict[str, int | str] = field(default_factory=dict)

    def size(self, name: str) -> int:
        """Returns an integer parameter."""
        return int(self.parameters[name])


@dataclass(frozen=True)
class Limits:
    """What a search may use on one device.

    Attributes:
        memory_bytes: how much the buffers of one configuration may take.
        cache_bytes: the last-level cache that buffers must exceed or rotate through.
        is_cpu: whether sizes suit a CPU.
        graphs: whether calls can be captured and replayed.
    """

    memory_bytes: float
    cache_bytes: float
    is_cpu: bool
    graphs: bool = False


@dataclass
class Task:
    """A configuration ready to run.

    Attributes:
        calls: run in turn, each on its own buffers.
        whole: does all of them in their order at once, where they were captured as one graph.
        spoil: overwrites what the first call writes, so that a call left out shows.
        spot_check: compares part of what the first call left behind, or what the last returned.
    """

    calls: Sequence[Callable[[], object]]
    spoil: Callable[[], object] = lambda: None
    spot_check: Callable[[object], Check] | None = None
    observed: Callable[[], dict[str, float | str]] = dict
    whole: Callable[[], object] | None = None


class Kernel(Protocol):
    """The contract of a kernel module's ``KERNEL``; ``Defaults`` answers what few need to say.

    Attributes:
        name: the module's.
        about: what it is, in a few words, for the list of kernels.
        dtypes: element types it can be asked for, in the order of suites.
        sizes: integer parameters of a point that a user may fix; all of them fix the shape.
        group: title of the table that its measurements form, if not the main one.
        decides: whether a rate below the figure speaks against the chip.
        searches: share of an item's time that goes into finding the fastest configuration.
        sustains: whether all of the item's time is sampled, long after the figure is known.
        clock: ``device``, or ``host`` where the host's own time is what is measured.
    """

    name: str
    about: str
    dtypes: tuple[str, ...]
    sizes: tuple[str, ...]
    group: str
    decides: bool
    searches: float
    sustains: bool
    clock: str

    def variants(self, dtype: str) -> tuple[str, ...]:
        """Returns the forms it has for a dtype, such as streams; the first is the default."""
        ...

    def figures(self, point: Point) -> tuple[str, ...]:
        """Returns the sheet's figures that this configuration tests, the best fitting first."""
        ...

    def quantity(self, point: Point) -> Quantity:
        """Returns what the result is told in; empty if the figure says."""
        ...

    def label(self, point: Point) -> str:
        """Returns what tells this from others of its figure, or names it where it has none."""
        ...

    def work(self, point: Point) -> Work:
        """Returns FLOP, bytes moved and bytes touched of one call, by formula."""
        ...

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns a configuration small enough to be safe on anything."""
        ...

    def smaller(self, point: Point) -> Point:
        """Returns a configuration that is quick to time and predicts the rate of ``point``."""
        ...

    def ways(self, point: Point, limits: Limits) -> list[Point]:
        """Returns a configuration whose sizes are given in every way that it can be done."""
        ...

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns every configuration that a search may choose, favoured ones first."""
        ...

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:
        """Allocates inputs and returns calls that rotate through more than the cache holds.

        Raises:
            UnsupportedError: torch on this device has no such operation.
        """
        ...

    def check(self, point: Point, device: "torch.device") -> Check:
        """Compares a small result on fresh random input with a float64 reference."""
        ...


class Defaults:
    """What most kernels say."""

    sizes: ClassVar[tuple[str, ...]] = ()
    group: ClassVar[str] = ""
    decides: ClassVar[bool] = True
    searches: ClassVar[float] = 0.25
    sustains: ClassVar[bool] = False
    clock: ClassVar[str] = "device"

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the one form."""
        return ("",)

    def figures(self, point: Point) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns none: no sheet prints such a figure."""
        return ()

    def quantity(self, point: Point) -> Quantity:  # noqa: ARG002 -- the protocol's signature
        """Returns what the figure says."""
        return ""

    def label(self, point: Point) -> str:  # noqa: ARG002 -- the protocol's signature
        """Returns nothing: the figure's title says all."""
        return ""

    def smaller(self, point: Point) -> Point:
        """Returns the point itself: its sizes are such that a call is short."""
        return point

    def ways(self, point: Point, limits: Limits) -> list[Point]:  # noqa: ARG002 -- as above
        """Returns the point itself: there is one way."""
        return [point]

    def space(self, pilot: Point, limits: Limits) -> list[Point]:  # noqa: ARG002 -- as above
        """Returns the one configuration there is."""
        return [pilot]


TORCH_DTYPES = {
    "fp64": "float64",
    "fp32": "float32",
    "tf32": "float32",
    "bf16": "bfloat16",
    "fp16": "float16",
    "fp8": "float8_e4m3fn",
    "int8": "int8",
    "mxfp8": "float8_e4m3fn",
    "nvfp4": "float4_e2m1fn_x2",
}

FNUZ_ARCHITECTURE = "gfx94"
"""MI300A, MI300X, MI308X and MI325X: hipBLASLt has there no product of OCP's fp8."""


def torch_dtype(name: str, device: "torch.device | None" = None) -> Any:  # noqa: ANN401 -- torch is not imported here
    """Returns the torch dtype behind one of our names; AMD's MI300 has an fp8 of its own.

    Raises:
        UnsupportedError: this torch is too old to have it.
    """
    import torch

    if name == "fp8" and device is not None and device.type == "cuda" and torch.version.hip:
        told: Any = torch.cuda.get_device_properties(device)
        if told.gcnArchName.startswith(FNUZ_ARCHITECTURE):
            return torch.float8_e4m3fnuz
    found = getattr(torch, TORCH_DTYPES[name], None)
    if found is None:
        raise UnsupportedError(f"torch {torch.__version__} has no {TORCH_DTYPES[name]}")
    return found


def itemsize(dtype: str) -> int:
    """Returns the bytes of one of torch's elements; one of nvfp4 holds two numbers."""
    sizes = {"fp64": 8, "fp32": 4, "tf32": 4, "bf16": 2, "fp16": 2}
    return {**sizes, "fp8": 1, "int8": 1, "mxfp8": 1, "nvfp4": 1}[dtype]
