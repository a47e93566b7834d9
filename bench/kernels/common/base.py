"""The kernel interface: configurations, the work of a call, the figures it tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from bench.records.model import Check, Quantity, Work

if TYPE_CHECKING:
    import torch

DATA = ("normal", "uniform", "integers", "constant", "zeros")
"""Input patterns; the rate of a power-limited chip depends on them."""


class UnsupportedError(Exception):
    """The device, or torch on it, lacks an operation; the message says which."""


@dataclass(frozen=True)
class Point:
    """One configuration of a kernel.

    Attributes:
        kernel: name of the kernel.
        dtype: element type of the inputs, by its short name (``bf16``).
        data: input pattern, one of ``DATA``.
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
    """Bounds on the configurations for one device.

    Attributes:
        memory_bytes: the most that the buffers of one configuration may take.
        cache_bytes: the last-level cache, which buffers must exceed or rotate through.
        is_cpu: whether to use sizes for a CPU.
        graphs: whether calls can be captured as a graph and replayed.
        units: number of compute units; None if it is unknown.
    """

    memory_bytes: float
    cache_bytes: float
    is_cpu: bool
    graphs: bool = False
    units: int | None = None


@dataclass
class Task:
    """A configuration ready to run.

    Attributes:
        calls: run in rotation, each on its own buffers.
        spoil: overwrites the first call's output, so that a call that did nothing is detected.
        spot_check: checks part of the first call's output, or the value the last call returned.
        observed: returns what the kernel observed about its execution.
        whole: replays all calls in order as one graph, if they were captured.
    """

    calls: Sequence[Callable[[], object]]
    spoil: Callable[[], object] = lambda: None
    spot_check: Callable[[object], Check] | None = None
    observed: Callable[[], dict[str, float | str]] = dict
    whole: Callable[[], object] | None = None


class Kernel(Protocol):
    """The interface of a kernel module's ``KERNEL``; ``Defaults`` implements what few override.

    Attributes:
        name: the module's name.
        about: a short description for the list of kernels.
        dtypes: supported element types, in the order of suites.
        sizes: integer parameters that a user may fix; all of them together fix the shape.
        group: title of a separate table for its measurements; empty for the main table.
        decides: whether a rate below the figure counts against the chip.
        searches: fraction of an item's time spent on finding the fastest configuration.
        sustains: whether to sample for all of the item's time, however precise the median.
        clock: ``device``, or ``host`` where the host's time is what is measured.
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
        """Returns the variants for a dtype, such as streams; the first is the default."""
        ...

    def figures(self, point: Point) -> tuple[str, ...]:
        """Returns the sheet figures that this configuration tests, the best match first."""
        ...

    def quantity(self, point: Point) -> Quantity:
        """Returns the quantity reported; empty if the figure's dimension decides."""
        ...

    def label(self, point: Point) -> str:
        """Returns what distinguishes this from others of its figure, or its name without one."""
        ...

    def work(self, point: Point) -> Work:
        """Returns FLOP, bytes moved and working set of one call, by formula."""
        ...

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns a configuration small enough for any device."""
        ...

    def smaller(self, point: Point) -> Point:
        """Returns a smaller configuration, quick to time, that predicts the rate of ``point``."""
        ...

    def ways(self, point: Point, limits: Limits) -> list[Point]:
        """Returns a configuration of fixed sizes with each implementation available."""
        ...

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns all configurations to search, favoured ones first."""
        ...

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:
        """Allocates buffers and returns calls that rotate through more than the cache holds.

        Raises:
            UnsupportedError: torch on this device has no such operation.
        """
        ...

    def check(self, point: Point, device: "torch.device") -> Check:
        """Compares a small result on fresh random input with a float64 reference, or exactly."""
        ...


class Defaults:
    """Default implementations of what most kernels share."""

    name: ClassVar[str]
    sizes: ClassVar[tuple[str, ...]] = ()
    group: ClassVar[str] = ""
    decides: ClassVar[bool] = True
    searches: ClassVar[float] = 0.25
    sustains: ClassVar[bool] = False
    clock: ClassVar[str] = "device"

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the only variant."""
        return ("",)

    def figures(self, point: Point) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns none: no sheet has such a figure."""
        return ()

    def quantity(self, point: Point) -> Quantity:  # noqa: ARG002 -- the protocol's signature
        """Returns an empty text: the figure's dimension decides."""
        return ""

    def label(self, point: Point) -> str:
        """Returns the kernel's name and the dtype."""
        return f"{self.name} {point.dtype}"

    def smaller(self, point: Point) -> Point:
        """Returns the point itself: its calls are short."""
        return point

    def ways(self, point: Point, limits: Limits) -> list[Point]:  # noqa: ARG002 -- as above
        """Returns the point itself: there is one implementation."""
        return [point]

    def space(self, pilot: Point, limits: Limits) -> list[Point]:  # noqa: ARG002 -- as above
        """Returns the only configuration."""
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
"""MI300A, MI300X, MI308X and MI325X, where hipBLASLt has no products in OCP fp8."""


def torch_dtype(name: str, device: "torch.device | None" = None) -> Any:  # noqa: ANN401 -- torch is not imported here
    """Returns the torch dtype of a short name; on AMD's MI300 fp8 is the fnuz format.

    Raises:
        UnsupportedError: this torch is too old to have it.
    """
    import torch

    if name == "fp8" and device is not None and device.type == "cuda" and torch.version.hip:
        properties: Any = torch.cuda.get_device_properties(device)
        if properties.gcnArchName.startswith(FNUZ_ARCHITECTURE):
            return torch.float8_e4m3fnuz
    dtype = getattr(torch, TORCH_DTYPES[name], None)
    if dtype is None:
        raise UnsupportedError(f"torch {torch.__version__} has no {TORCH_DTYPES[name]}")
    return dtype


def itemsize(dtype: str) -> int:
    """Returns the bytes of one torch element; one of nvfp4 packs two numbers."""
    sizes = {"fp64": 8, "fp32": 4, "tf32": 4, "bf16": 2, "fp16": 2}
    return {**sizes, "fp8": 1, "int8": 1, "mxfp8": 1, "nvfp4": 1}[dtype]
