"""Peaks of a CPU: cores times clock times operations a cycle, for the device in hand."""

import pytest

from bench.chips.load import Catalogue
from bench.chips.paper import Absent, Paper, paper
from bench.records.model import DeviceInfo
from bench.units import Dimension


def _xeon(*isa: str, **told: float) -> DeviceInfo:
    return DeviceInfo(
        backend="cpu",
        name="Intel(R) Xeon(R) Processor",
        cpu_vendor="GenuineIntel",
        cpu_family=6,
        cpu_model=207,
        units=8,
        isa=isa,
        clock_max_hz=told.get("clock_max_hz"),
        clock_nominal_hz=told.get("clock_nominal_hz"),
        clock_measured_hz=told.get("clock_measured_hz"),
    )


def test_a_cpu_peak_is_cores_times_clock_times_operations_a_cycle(sheets: Catalogue) -> None:
    device = _xeon("avx512f", clock_measured_hz=3.0e9)
    found = paper(
        device, sheets.chips["intel-emerald-rapids"], ("matrix_fp32", "vector_fp32"), sheets
    )
    assert found == Paper(
        key="vector_fp32",
        value=8 * 3.0e9 * 64,
        dimension=Dimension.FLOP_RATE,
        text="1.54 TFLOP/s",
        sources=("osaca-spr",),
        basis="dense",
        formula="8 cores x 3.00 GHz (clock measured here) x 64 FLOP/cycle",
        rivals=(),
        from_clock=True,
    )


def test_the_peak_of_one_core_is_that_of_one_core(sheets: Catalogue) -> None:
    device = _xeon("avx512f", clock_measured_hz=3.0e9).model_copy(update={"units": 1})
    found = paper(device, sheets.chips["intel-emerald-rapids"], ("vector_fp32",), sheets)
    assert isinstance(found, Paper)
    assert found.formula == "1 core x 3.00 GHz (clock measured here) x 64 FLOP/cycle"


@pytest.mark.parametrize(
    ("told", "words", "hz"),
    [
        pytest.param(
            {"clock_measured_hz": 2.5e9, "clock_max_hz": 4e9, "clock_nominal_hz": 2e9},
            "2.50 GHz (clock measured here)",
            2.5e9,
            id="measured-first",
        ),
        pytest.param(
            {"clock_measured_hz": 1.5e9, "clock_nominal_hz": 2e9},
            "2.00 GHz (nominal clock, measured lower here)",
            2e9,
            id="nominal-where-less-was-left-of-it",
        ),
        pytest.param(
            {"clock_max_hz": 4e9, "clock_nominal_hz": 2e9},
            "4.00 GHz (highest clock reported)",
            4e9,
            id="then-the-highest",
        ),
        pytest.param(
            {"clock_nominal_hz": 2e9},
            "2.00 GHz (nominal clock reported)",
            2e9,
            id="then-the-nominal",
        ),
    ],
)
def test_the_formula_says_which_clock_it_took(
    told: dict[str, float], words: str, hz: float, sheets: Catalogue
) -> None:
    found = paper(
        _xeon("avx512f", **told), sheets.chips["intel-emerald-rapids"], ("vector_fp32",), sheets
    )
    assert isinstance(found, Paper)
    assert found.formula == f"8 cores x {words} x 64 FLOP/cycle"
    assert found.value == 8 * hz * 64


@pytest.mark.parametrize(
    ("isa", "keys", "found"),
    [
        pytest.param(
            ("avx512f", "avx512_bf16", "amx_bf16"),
            ("matrix_bf16", "vector_bf16"),
            ("matrix_bf16", 1024.0),
            id="amx-when-the-flag-is-there",
        ),
        pytest.param(
            ("avx512f", "avx512_bf16"),
            ("matrix_bf16", "vector_bf16"),
            ("vector_bf16", 32.0),
            id="vectors-where-amx-is-hidden",
        ),
        pytest.param(("avx512f",), ("matrix_bf16", "vector_bf16"), None, id="no-bf16-at-all"),
        pytest.param(("avx2",), ("matrix_fp32", "vector_fp32"), None, id="avx512-hidden"),
        pytest.param(
            ("avx512_vnni", "amx_int8"),
            ("matrix_int8", "vector_int8"),
            ("matrix_int8", 2048.0),
            id="amx-int8",
        ),
        pytest.param(
            ("avx512_vnni", "amx_bf16"),
            ("matrix_int8", "vector_int8"),
            ("vector_int8", 256.0),
            id="amx-of-another-format",
        ),
    ],
)
def test_a_rate_a_cycle_counts_only_with_the_instruction_sets_it_needs(
    isa: tuple[str, ...],
    keys: tuple[str, ...],
    found: tuple[str, float] | None,
    sheets: Catalogue,
) -> None:
    device = _xeon(*isa, clock_measured_hz=2e9)
    got = paper(device, sheets.chips["intel-emerald-rapids"], keys, sheets)
    if found is None:
        assert isinstance(got, Absent)
    else:
        assert isinstance(got, Paper)
        assert (got.key, got.value) == (found[0], 8 * 2e9 * found[1])


def test_a_cpu_model_takes_the_rate_a_cycle_of_its_family(sheets: Catalogue) -> None:
    device = _xeon("avx512f", clock_measured_hz=2e9)
    found = paper(device, sheets.chips["intel-xeon-platinum-8592-plus"], ("vector_fp64",), sheets)
    assert isinstance(found, Paper)
    assert (found.value, found.sources) == (8 * 2e9 * 32, ("osaca-spr",))


@pytest.mark.parametrize(
    ("cores", "value", "formula"),
    [
        pytest.param(64, 358.4e9, "8 channels x 5600 MT/s x 8 B", id="one-socket"),
        pytest.param(128, 716.8e9, "2 sockets x 358.4 GB/s", id="two-sockets"),
    ],
)
def test_a_cpu_models_bandwidth_is_the_printed_one_a_socket(
    cores: int, value: float, formula: str, sheets: Catalogue
) -> None:
    device = _xeon("avx512f", clock_measured_hz=2e9).model_copy(update={"units": cores})
    chip = sheets.chips["intel-xeon-platinum-8592-plus"]
    found = paper(device, chip, ("memory_bandwidth",), sheets)
    assert isinstance(found, Paper)
    assert (found.value, found.formula) == (value, formula)


def test_part_of_a_socket_has_no_published_bandwidth(sheets: Catalogue) -> None:
    """Nobody publishes what share of a socket's memory two of its cores may use."""
    device = _xeon("avx512f", clock_measured_hz=2e9).model_copy(update={"units": 2})
    chip = sheets.chips["intel-xeon-platinum-8592-plus"]
    assert paper(device, chip, ("memory_bandwidth",), sheets) == Absent(
        "358.4 GB/s are published for all 64 cores, 2 are in reach"
    )


@pytest.mark.parametrize(
    "device",
    [
        pytest.param(_xeon("avx512f"), id="no-clock"),
        pytest.param(
            _xeon("avx512f", clock_max_hz=3e9).model_copy(update={"units": None}), id="no-cores"
        ),
    ],
)
def test_a_cpu_peak_needs_clock_and_cores(device: DeviceInfo, sheets: Catalogue) -> None:
    assert paper(device, sheets.chips["intel-emerald-rapids"], ("vector_fp32",), sheets) == Absent(
        "no sourced figure for fp32 vector"
    )


def test_a_bandwidth_with_rivals_only_is_never_taken_for_a_rate_a_cycle(
    sheets: Catalogue,
) -> None:
    chip = sheets.chips["intel-emerald-rapids"]
    printed = sheets.chips["intel-xeon-platinum-8592-plus"].figures["memory_bandwidth"]
    unknown = sheets.chips["huawei-ascend-910b"].figures["matrix_fp16"]
    disputed = unknown.model_copy(update={"rivals": (printed,)})
    beside = chip.model_copy(update={"figures": {**chip.figures, "memory_bandwidth": disputed}})
    found = paper(_xeon("avx512f", clock_max_hz=3e9), beside, ("memory_bandwidth",), sheets)
    assert found == Absent("no sourced figure for memory bandwidth")
