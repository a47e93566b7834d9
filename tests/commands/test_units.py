"""Quantities mean what they say: decimal is not binary, and what is no quantity is refused."""

import pytest

from bench.units import UNITS, Dimension, Quantity, binary, parse, scale, show, significant

UNITS_NAMED = "use TFLOP/s, TOP/s, GB/s, GiB, MHz, W, ms, mm², bit, USD or CNY"


@pytest.mark.parametrize(
    ("text", "si", "dimension"),
    [
        ("148 TFLOP/s", 148e12, Dimension.FLOP_RATE),
        ("1 PFLOP/s", 1e15, Dimension.FLOP_RATE),
        ("989.5TFLOP/s", 989.5e12, Dimension.FLOP_RATE),
        ("296 TOP/s", 296e12, Dimension.OP_RATE),
        ("4000 GB/s", 4e12, Dimension.BYTE_RATE),
        ("4 TB/s", 4e12, Dimension.BYTE_RATE),
        ("96 GB", 96e9, Dimension.BYTES),
        ("96 GiB", 103_079_215_104.0, Dimension.BYTES),
        ("60 MiB", 62_914_560.0, Dimension.BYTES),
        ("97871 MiB", 102_625_181_696.0, Dimension.BYTES),
        ("1980 MHz", 1.98e9, Dimension.FREQUENCY),
        ("1.98 GHz", 1.98e9, Dimension.FREQUENCY),
        ("400 W", 400.0, Dimension.POWER),
        ("559 kW", 559e3, Dimension.POWER),
        ("814 mm2", 814.0, Dimension.AREA),
        ("665.61 mm²", 665.61, Dimension.AREA),
        ("5120 bit", 5120.0, Dimension.WIDTH),
        ("78", 78.0, Dimension.COUNT),
        ("80 billion", 80e9, Dimension.COUNT),
        ("64 FLOP/cycle", 64.0, Dimension.FLOP_PER_CYCLE),
        ("256 OP/cycle", 256.0, Dimension.OP_PER_CYCLE),
        ("5 us", 5e-6, Dimension.TIME),
        ("5 µs", 5e-6, Dimension.TIME),
        ("1e3 B", 1000.0, Dimension.BYTES),
        ("  96 GB  ", 96e9, Dimension.BYTES),
        ("+96 GB", 96e9, Dimension.BYTES),
    ],
)
def test_a_quantity_is_read_in_base_units_of_its_dimension(
    text: str, si: float, dimension: Dimension
) -> None:
    found = parse(text)
    assert found == Quantity(found.si, dimension, text.strip())
    assert found.si == pytest.approx(si, rel=1e-12)
    assert str(found) == text.strip()


@pytest.mark.parametrize(
    ("binary", "decimal", "ratio"),
    [
        ("1 KiB", "1 kB", 1.024),
        ("1 MiB", "1 MB", 1.048576),
        ("1 GiB", "1 GB", 1.073741824),
        ("1 TiB/s", "1 TB/s", 1.099511627776),
    ],
)
def test_binary_and_decimal_prefixes_differ(binary: str, decimal: str, ratio: float) -> None:
    assert parse(binary).si / parse(decimal).si == pytest.approx(ratio, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nan GB", "'nan GB' is not a quantity such as '148 TFLOP/s'"),
        ("inf GB", "'inf GB' is not a quantity such as '148 TFLOP/s'"),
        ("", "'' is not a quantity such as '148 TFLOP/s'"),
        ("TFLOP/s", "'TFLOP/s' is not a quantity such as '148 TFLOP/s'"),
        ("148 T FLOP/s", "'148 T FLOP/s' is not a quantity such as '148 TFLOP/s'"),
        ("1,979 TFLOP/s", "',979' is not"),
        ("١٤٨ TFLOP/s", "no ASCII digits is not"),
        ("148.٥ TFLOP/s", "no ASCII digits is not"),
        ("１４８ TFLOP/s", "no ASCII digits is not"),
        ("0x10 GB", "'x10' is not"),
        ("1_000 GB", "'_000' is not"),
        ("0 GB", "'0 GB' is not a positive, finite quantity"),
        ("-4 GB", "'-4 GB' is not a positive, finite quantity"),
        ("1e999 GB", "'1e999 GB' is not a positive, finite quantity"),
        ("148 TFLOPS", "'TFLOPS' is not a unit (write TFLOP/s)"),
        ("148 TFLOPs", "'TFLOPs' is not a unit (write TFLOP/s)"),
        ("148 tflop/s", "'tflop/s' is not a unit (write TFLOP/s)"),
        ("296 TOPS", "'TOPS' is not a unit (write TOP/s)"),
        ("4 TBps", "'TBps' is not a unit (write TB/s)"),
        ("96 gb", "'gb' is not a unit (write GB)"),
        (
            "4 GT/s",
            f"'GT/s' is not a unit ({UNITS_NAMED})",
        ),
        (
            "78 SMs",
            f"'SMs' is not a unit ({UNITS_NAMED})",
        ),
    ],
)
def test_what_is_no_positive_quantity_is_refused_with_what_to_write(
    text: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=r"is not") as refused:
        parse(text)
    if problem.endswith("is not"):
        problem = f"{text!r} is not a quantity such as '148 TFLOP/s'"
    assert str(refused.value) == problem


def test_every_unit_is_read_back_as_its_own_dimension_and_size() -> None:
    found = {unit: parse(f"2 {unit}") for unit in UNITS}
    assert {unit: (one.dimension, one.si / 2) for unit, one in found.items()} == UNITS


@pytest.mark.parametrize(
    ("value", "dimension", "digits", "text"),
    [
        (148e12, Dimension.FLOP_RATE, 3, "148 TFLOP/s"),
        (142.3e12, Dimension.FLOP_RATE, 4, "142.3 TFLOP/s"),
        (1e15, Dimension.FLOP_RATE, 3, "1.00 PFLOP/s"),
        (999.6e12, Dimension.FLOP_RATE, 3, "1.00 PFLOP/s"),
        (999.6e12, Dimension.FLOP_RATE, 4, "999.6 TFLOP/s"),
        (999.4e12, Dimension.FLOP_RATE, 3, "999 TFLOP/s"),
        (9.996e12, Dimension.FLOP_RATE, 3, "10.0 TFLOP/s"),
        (4e12, Dimension.BYTE_RATE, 3, "4.00 TB/s"),
        (96 * 2.0**30, Dimension.BYTES, 4, "103.1 GB"),
        (12e-6, Dimension.TIME, 2, "12 µs"),
        (0.5, Dimension.TIME, 2, "500 ms"),
        (3e-10, Dimension.TIME, 2, "0.30 ns"),
        (78, Dimension.COUNT, 2, "78"),
        (814, Dimension.AREA, 3, "814 mm2"),
        (5120, Dimension.WIDTH, 4, "5,120 bit"),
        (65536, Dimension.WIDTH, 3, "65,536 bit"),
        (64, Dimension.FLOP_PER_CYCLE, 2, "64 FLOP/cycle"),
        (0.0, Dimension.BYTES, 3, "0 B"),
    ],
)
def test_a_value_is_shown_in_the_prefix_that_leaves_1_to_999(
    value: float, dimension: Dimension, digits: int, text: str
) -> None:
    assert show(value, dimension, digits) == text


def test_scale_gives_number_and_unit_apart() -> None:
    assert scale(1.48e14, Dimension.FLOP_RATE) == (148.0, "TFLOP/s")


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (0.0, 3, "0"),
        (float("inf"), 3, "inf"),
        (float("nan"), 3, "nan"),
        (1234.5, 2, "1,234"),
        (0.00123, 2, "0.0012"),
        (-3.14159, 3, "-3.14"),
        (1.0, 1, "1"),
    ],
)
def test_significant_digits_are_never_in_exponent_form(
    number: float, digits: int, text: str
) -> None:
    assert significant(number, digits) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"), (1000, "1000 B"), (48 * 2**10, "48 KiB"), (1000 * 2**10, "1000 KiB"),
        (1.5 * 2**20, "1.5 MiB"), (2 * 2.0**30, "2 GiB"), (8**10, "1 GiB"),
    ],
)  # fmt: skip
def test_sizes_of_memory_are_told_in_binary_units(count: float, text: str) -> None:
    assert binary(count) == text
