"""Quantities with units: ``"148 TFLOP/s"`` <-> 1.48e14; the only unit table of the project."""

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache


class Dimension(StrEnum):
    """The physical dimension of a quantity; the value is its SI (or plain) base unit."""

    FLOP_RATE = "FLOP/s"
    OP_RATE = "OP/s"
    BYTE_RATE = "B/s"
    BYTES = "B"
    FREQUENCY = "Hz"
    POWER = "W"
    TIME = "s"
    AREA = "mm2"
    WIDTH = "bit"
    COUNT = "1"
    TOKEN_RATE = "token/s"  # noqa: S105 -- tokens of text
    SAMPLE_RATE = "sample/s"
    SHARE = "%"
    FLOP_PER_CYCLE = "FLOP/cycle"
    OP_PER_CYCLE = "OP/cycle"
    USD = "USD"
    CNY = "CNY"


MONEY = (Dimension.USD, Dimension.CNY)
_A_CYCLE = (Dimension.FLOP_PER_CYCLE, Dimension.OP_PER_CYCLE)
_DECIMAL = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
_SMALL = {"": 1.0, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "n": 1e-9}


def _table() -> dict[str, tuple[Dimension, float]]:
    units: dict[str, tuple[Dimension, float]] = {}
    for dimension in (
        Dimension.FLOP_RATE,
        Dimension.OP_RATE,
        Dimension.BYTE_RATE,
        Dimension.BYTES,
        Dimension.FREQUENCY,
        Dimension.POWER,
        Dimension.TOKEN_RATE,
        Dimension.SAMPLE_RATE,
    ):
        for prefix, factor in _DECIMAL.items():
            units[prefix + dimension.value] = (dimension, factor)
    for prefix, factor in _BINARY.items():
        units[prefix + "B"] = (Dimension.BYTES, factor)
        units[prefix + "B/s"] = (Dimension.BYTE_RATE, factor)
    for prefix, factor in _SMALL.items():
        units[prefix + "s"] = (Dimension.TIME, factor)
    for dimension in (Dimension.AREA, Dimension.WIDTH):
        units[dimension.value] = (dimension, 1.0)
    for dimension in (*_A_CYCLE, *MONEY):
        units[dimension.value] = (dimension, 1.0)
    units["mm²"] = (Dimension.AREA, 1.0)
    units[""] = (Dimension.COUNT, 1.0)
    units["%"] = (Dimension.SHARE, 0.01)
    units["billion"] = (Dimension.COUNT, 1e9)
    return units


UNITS = _table()
QUOTED = 80
"""Most characters of a text that an error quotes."""
_QUANTITY = re.compile(r"^([+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*(\S*)$")


@dataclass(frozen=True)
class Quantity:
    """A positive number with its unit, as written and in base units.

    Attributes:
        si: the value in the base unit of its dimension.
        dimension: its physical dimension.
        text: the quantity as the sheet writes it.
    """

    si: float
    dimension: Dimension
    text: str

    def __str__(self) -> str:
        """Renders the quantity as the sheet writes it."""
        return self.text

    @property
    def binary(self) -> bool:
        """Returns whether it is written with a binary prefix: ``96 GiB``, not ``96 GB``."""
        return self.text.removesuffix("/s").endswith(tuple(f"{prefix}B" for prefix in _BINARY))

    @property
    def memory(self) -> float:
        """Returns a size of memory in bytes; its GB are GiB: memory chips have powers of two."""
        return self.si if self.binary else self.si / 1e9 * 2**30


@lru_cache(maxsize=65_536)
def parse(text: str) -> Quantity:
    """Reads ``"148 TFLOP/s"``, ``"96 GB"``, ``"60 MiB"`` or a plain count such as ``"78"``.

    Raises:
        ValueError: no finite positive number, or a unit that is not in the table.
    """
    found = _QUANTITY.match(text.strip())
    if found is None:
        raise ValueError(f"{text[:QUOTED]!r} is not a quantity such as '148 TFLOP/s'")
    number, unit = Decimal(found.group(1)), found.group(2)
    if unit not in UNITS:
        raise ValueError(f"{unit[:QUOTED]!r} is not a unit ({_units_near(unit)})")
    dimension, factor = UNITS[unit]
    value = float(number * Decimal(factor))  # exact: 4.1 TB/s is 4100 GB/s, not a hair less
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"{text[:QUOTED]!r} is not a positive, finite quantity")
    return Quantity(value, dimension, text.strip())


def _units_near(unit: str) -> str:
    """Returns a hint: the unit that differs only in case or plural, else some common units."""
    wanted = unit.lower().replace("flops", "flop/s").replace("tops", "top/s").replace("bps", "b/s")
    near = [known for known in UNITS if known and known.lower() == wanted]
    if near:
        return f"write {near[0]}"
    return "use TFLOP/s, TOP/s, GB/s, GiB, MHz, W, ms, mm², bit, USD or CNY"


def scale(value: float, dimension: Dimension) -> tuple[float, str]:
    """Returns ``value`` in the decimal prefix that leaves 1 to 999, with the unit's name."""
    table = _SMALL if dimension is Dimension.TIME else _DECIMAL
    if dimension in (Dimension.AREA, Dimension.WIDTH, Dimension.COUNT):
        return value, "" if dimension is Dimension.COUNT else dimension.value
    if dimension in (*_A_CYCLE, *MONEY):
        return value, dimension.value
    if dimension is Dimension.SHARE:
        return value * 100, dimension.value
    return _best_prefix(value, table, dimension.value)


def _best_prefix(value: float, table: dict[str, float], base: str) -> tuple[float, str]:
    by_factor = sorted((factor, prefix) for prefix, factor in table.items())
    fitting = [pair for pair in by_factor if abs(value) >= pair[0] * (1 - 1e-9)]
    factor, prefix = fitting[-1] if fitting else by_factor[0]
    return value / factor, prefix + base


def show(value: float, dimension: Dimension, digits: int = 3) -> str:
    """Formats a base-unit value with ``digits`` significant digits: ``148 TFLOP/s``."""
    _, unit = scale(_rounded(value, digits), dimension)
    return f"{significant(value / UNITS[unit][1], digits)} {unit}".strip()


def binary(count: float) -> str:
    """Formats bytes in GiB, MiB, KiB or B, with up to four significant digits: ``1.5 MiB``."""
    unit = next((one for one in ("GiB", "MiB", "KiB") if count >= UNITS[one][1]), "B")
    return f"{count / UNITS[unit][1]:.4g} {unit}"


def significant(number: float, digits: int) -> str:
    """Formats ``number`` with ``digits`` significant digits, never in exponent form."""
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    leading = math.floor(math.log10(abs(_rounded(number, digits))))
    return f"{number:,.{max(0, digits - 1 - leading)}f}"


def _rounded(number: float, digits: int) -> float:
    """Returns ``number`` rounded to ``digits`` digits, so that 999.6 is formatted like 1000."""
    return float(f"{number:.{digits - 1}e}")
