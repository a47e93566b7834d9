"""The figures a sheet may print: their keys, dimensions and titles, in one table.

Dense and sparse, matrix and vector never share a key:
``matrix_bf16`` is the dense rate of the matrix units, ``sparse_bf16`` the rate with structured
sparsity, ``vector_bf16`` the rate of the vector units. Where the accumulator matters it is part
of the key (``matrix_fp16`` accumulates in fp32, ``matrix_fp16_acc16`` in fp16).
"""

from dataclasses import dataclass

from bench.units import Dimension


@dataclass(frozen=True)
class FigureKind:
    """The meaning of one figure key."""

    key: str
    title: str
    dimension: Dimension

    @property
    def is_rate(self) -> bool:
        """Returns whether the figure is an operation rate, which may be dense or sparse."""
        return self.dimension in (Dimension.FLOP_RATE, Dimension.OP_RATE)


MATRIX_DTYPES = (
    "fp64", "fp32", "tf32", "hf32", "bf16", "fp16", "fp16_acc16", "fp8", "fp8_acc16",
    "fp6", "fp4", "mxfp8", "mxfp4", "int16", "int8", "int4",
)  # fmt: skip
CYCLE_MATRIX_DTYPES = ("bf16", "fp16", "fp8", "int8")
VECTOR_DTYPES = ("fp64", "fp32", "bf16", "fp16", "int32", "int8")

PER_SECOND = (Dimension.FLOP_RATE, Dimension.OP_RATE)
PER_CYCLE = (Dimension.FLOP_PER_CYCLE, Dimension.OP_PER_CYCLE)
"""Dimensions of a rate, of floating-point and of integer operations."""


def _rates(
    unit: str, title: str, dtypes: tuple[str, ...], per: tuple[Dimension, Dimension] = PER_SECOND
) -> list[FigureKind]:
    """Returns one figure for each dtype, in floating-point or integer operations."""
    return [
        FigureKind(
            f"{unit}_{dtype}",
            f"{dtype.replace('_acc16', ', fp16 accumulation')} {title}",
            per[dtype.startswith("int")],
        )
        for dtype in dtypes
    ]


_OTHERS = [
    FigureKind("memory_capacity", "memory capacity", Dimension.BYTES),
    FigureKind("memory_bandwidth", "memory bandwidth", Dimension.BYTE_RATE),
    FigureKind("memory_bus", "memory bus width", Dimension.WIDTH),
    FigureKind("l2_cache", "L2 cache", Dimension.BYTES),
    FigureKind("l3_cache", "last-level (L3) cache", Dimension.BYTES),
    FigureKind("sram", "on-chip memory", Dimension.BYTES),
    FigureKind("units", "compute units (SM, CU, AI core, CPU core)", Dimension.COUNT),
    FigureKind("dies", "compute dies in the package", Dimension.COUNT),
    FigureKind("matrix_units", "matrix units (tensor cores, matrix cores, MMEs)", Dimension.COUNT),
    FigureKind("clock_base", "base clock", Dimension.FREQUENCY),
    FigureKind("clock_boost", "boost clock", Dimension.FREQUENCY),
    FigureKind("clock_matrix", "clock behind the matrix peaks", Dimension.FREQUENCY),
    FigureKind("tdp", "board power", Dimension.POWER),
    FigureKind("die_area", "area of the compute dies", Dimension.AREA),
    FigureKind("logic_area", "area of all non-planar logic dies", Dimension.AREA),
    FigureKind("transistors", "transistors", Dimension.COUNT),
    FigureKind("link_bandwidth", "link bandwidth, both directions", Dimension.BYTE_RATE),
    FigureKind("link_bandwidth_oneway", "link bandwidth, one direction", Dimension.BYTE_RATE),
    FigureKind(
        "pair_link_oneway", "link of each pair in a full mesh, one direction", Dimension.BYTE_RATE
    ),
    FigureKind("linked_chips", "chips that the link joins without a network", Dimension.COUNT),
    FigureKind("die_link_oneway", "die-to-die bandwidth, one direction", Dimension.BYTE_RATE),
    FigureKind("network_oneway", "network bandwidth, one direction", Dimension.BYTE_RATE),
    FigureKind("pcie_bandwidth", "PCIe bandwidth, both directions", Dimension.BYTE_RATE),
    FigureKind("pcie_bandwidth_oneway", "PCIe bandwidth, one direction", Dimension.BYTE_RATE),
    FigureKind("price_usd", "price in US dollars", Dimension.USD),
    FigureKind("price_cny", "price in yuan", Dimension.CNY),
]

FIGURES: dict[str, FigureKind] = {
    kind.key: kind
    for kind in (
        *_rates("matrix", "matrix", MATRIX_DTYPES),
        *_rates("vector", "vector", VECTOR_DTYPES),
        *_rates("sparse", "matrix with structured sparsity", MATRIX_DTYPES),
        *_rates("cycle", "vector operations a core and cycle", VECTOR_DTYPES, PER_CYCLE),
        *_rates(
            "cycle_matrix", "matrix operations a core and cycle", CYCLE_MATRIX_DTYPES, PER_CYCLE
        ),
        *_OTHERS,
    )
}


@dataclass(frozen=True)
class FactKind:
    """The meaning of one fact key; ``words`` are its allowed values, if it is a choice."""

    title: str
    words: tuple[str, ...] = ()


YES_NO = ("yes", "no")
FACTS: dict[str, FactKind] = {
    "memory_type": FactKind("memory type, such as HBM3"),
    "memory_ecc": FactKind("ECC in the memory, as boards were found", ("on", "off")),
    "process": FactKind("process of the compute dies, such as TSMC 4N"),
    "pcie": FactKind("PCIe generation and width, such as Gen5 x16"),
    "link": FactKind("chip-to-chip link, such as NVLink 4 (18 links)"),
    "launch": FactKind("when it was announced or first sold"),
    "price": FactKind("what was paid or asked, with its date"),
    "package": FactKind("package"),
    "sparsity_hardware": FactKind("structured sparsity that the hardware has"),
    "isa": FactKind("instruction sets"),
    "compute_capability": FactKind("CUDA compute capability"),
    "formats": FactKind("number formats"),
    "datacenter": FactKind("designed or marketed for use in datacentres", YES_NO),
    "us_sale": FactKind("sold commercially in the US by 2026-01-15", YES_NO),
}


def dense_twin(key: str) -> str | None:
    """Returns the dense counterpart of a sparse key, None for any other key."""
    return "matrix_" + key.removeprefix("sparse_") if key.startswith("sparse_") else None


def product_keys(dtype: str) -> tuple[str, ...]:
    """Returns the keys of the peak rates of a dtype: of matrix units, then of vector units."""
    return tuple(one for one in (f"matrix_{dtype}", f"vector_{dtype}") if one in FIGURES)


DTYPE_NAMES = {
    "float64": "fp64", "double": "fp64", "fp64": "fp64",
    "float32": "fp32", "float": "fp32", "fp32": "fp32", "tf32": "tf32", "hf32": "hf32",
    "float16": "fp16", "half": "fp16", "fp16": "fp16", "bfloat16": "bf16", "bf16": "bf16",
    "float8_e4m3fn": "fp8", "float8_e4m3fnuz": "fp8", "float8_e5m2": "fp8", "f8e4m3": "fp8",
    "f8e5m2": "fp8", "fp8": "fp8", "mxfp8": "mxfp8", "mxfp4": "mxfp4", "nvfp4": "nvfp4",
    "int16": "int16", "int8": "int8", "int4": "int4",
}  # fmt: skip
"""Our name of each number format, by the names that tools and torch use."""


def dtype_named(name: str) -> str | None:
    """Returns our name of a number format, such as ``torch.float32``; None if it is unknown."""
    return DTYPE_NAMES.get(name.lower().removeprefix("torch."))
