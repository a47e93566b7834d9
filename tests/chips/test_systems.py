"""A system is what its maker prints, and its members added up where nothing is printed."""

from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Basis, Chip
from bench.theory.derived import derived
from bench.theory.systems import complete


def chip(name: str, figures: dict[str, Any], **told: Any) -> Chip:
    made = {
        key: {"source": name, **(one if isinstance(one, dict) else {"value": one})}
        for key, one in figures.items()
    }
    node = {
        "id": name, "name": name, "vendor": "acme", "kind": "npu", "status": "sold",
        "tier": "global", "architecture": "First", "figures": made, **told,
    }  # fmt: skip
    return Chip.model_validate(node)


NPU = chip(
    "npu",
    {
        "matrix_bf16": {"value": "100 TFLOP/s", "basis": "dense"},
        "matrix_int8": {"value": "200 TOP/s", "basis": "unspecified"},
        "sparse_bf16": "200 TFLOP/s",
        "memory_capacity": "64 GB",
        "memory_bandwidth": "2 TB/s",
        "link_bandwidth": "400 GB/s",
        "die_area": "800 mm²",
        "transistors": "50 billion",
        "units": "100",
        "tdp": "400 W",
        "price_usd": "20000 USD",
        "price_cny": "160000 CNY",
        "clock_boost": "2 GHz",
        "l2_cache": "60 MiB",
        "pcie_bandwidth": "128 GB/s",
    },
)
CPU = chip(
    "cpu",
    {
        "matrix_bf16": {"value": "4 TFLOP/s", "basis": "inferred"},
        "memory_capacity": "unknown",
        "memory_bandwidth": "0.2 TB/s",
        "tdp": "300 W",
    },
)


def system(*members: tuple[str, int], **figures: Any) -> Chip:
    parts = tuple({"chip": name, "count": count} for name, count in members)
    return chip("rack", figures, kind="system", members=parts)


def sheet(rack: Chip) -> Catalogue:
    return Catalogue({one.id: one for one in (NPU, CPU, rack)}, {})


def whole(*members: tuple[str, int], **figures: Any) -> Chip:
    rack = system(*members, **figures)
    return complete(rack, sheet(rack))


@pytest.mark.parametrize(
    ("key", "si", "text", "formula"),
    [
        ("matrix_bf16", 800e12, "800 TFLOP/s", "8 x 100 TFLOP/s"),
        ("matrix_int8", 1600e12, "1.6 POP/s", "8 x 200 TOP/s"),
        ("sparse_bf16", 1600e12, "1.6 PFLOP/s", "8 x 200 TFLOP/s"),
        ("memory_capacity", 512e9, "512 GB", "8 x 64 GB"),
        ("memory_bandwidth", 16e12, "16 TB/s", "8 x 2 TB/s"),
        ("link_bandwidth", 3.2e12, "3.2 TB/s", "8 x 400 GB/s"),
        ("die_area", 6400.0, "6400 mm²", "8 x 800 mm²"),
        ("transistors", 400e9, "400 billion", "8 x 50 billion"),
        ("units", 800.0, "800", "8 x 100"),
    ],
)
def test_rates_memory_links_and_dies_are_added_up_with_their_formula(
    key: str, si: float, text: str, formula: str
) -> None:
    one = whole(("npu", 8)).figures[key]
    assert (one.number, str(one.value), one.formula) == (si, text, formula)
    assert (one.source, one.origin, one.rivals) == ("npu", "computed", ())


def test_power_price_clocks_and_caches_are_not_added_up() -> None:
    made = set(whole(("npu", 8)).figures)
    assert set(NPU.figures) - made == {
        "tdp", "price_usd", "price_cny", "clock_boost", "l2_cache", "pcie_bandwidth",
    }  # fmt: skip


def test_members_of_several_kinds_are_added_up_only_where_all_of_them_are_known() -> None:
    told = whole(("npu", 8), ("cpu", 2)).figures
    assert {key: (one.number, one.formula) for key, one in told.items()} == {
        "matrix_bf16": (808e12, "8 x 100 TFLOP/s + 2 x 4 TFLOP/s"),
        "memory_bandwidth": (16.4e12, "8 x 2 TB/s + 2 x 0.2 TB/s"),
    }


@pytest.mark.parametrize(
    ("members", "basis"),
    [
        ([("npu", 8)], Basis.DENSE),
        ([("npu", 8), ("cpu", 2)], Basis.INFERRED),
        ([("cpu", 2), ("npu", 8)], Basis.INFERRED),
    ],
)
def test_a_sum_is_as_sure_as_the_least_sure_of_its_parts(
    members: list[tuple[str, int]], basis: Basis
) -> None:
    assert whole(*members).figures["matrix_bf16"].basis is basis


def test_what_the_maker_prints_of_a_system_stands_over_the_sum() -> None:
    printed = {"value": "750 TFLOP/s", "basis": "dense"}
    told = whole(("npu", 8), matrix_bf16=printed, memory_capacity="unknown").figures
    assert (str(told["matrix_bf16"].value), told["matrix_bf16"].origin) == (
        "750 TFLOP/s", "published",
    )  # fmt: skip
    assert told["memory_capacity"].number is None


def test_a_chip_without_members_is_itself() -> None:
    assert complete(NPU, sheet(NPU)) is NPU


def test_the_power_of_its_chips_is_told_apart_from_a_systems_own() -> None:
    rack = system(("npu", 8), ("cpu", 2), tdp="6 kW")
    told = {one.key: one for one in derived(rack, sheet(rack))}
    one = told["power_of_chips"]
    assert (one.value, one.unit, one.formula) == (3.8, "kW", "8 x 400 W + 2 x 300 W")
    assert (one.inputs, one.sources, one.text) == (("tdp",), ("npu", "cpu"), "3.800 kW")
    assert told["matrix_bf16_per_watt"].value == pytest.approx(808 / 6000)


def test_the_power_of_its_chips_is_not_told_if_one_is_unknown() -> None:
    cold = CPU.model_copy(update={"id": "cold", "figures": {}})
    rack = system(("npu", 8), ("cold", 1))
    known = Catalogue({one.id: one for one in (NPU, cold, rack)}, {})
    assert "power_of_chips" not in {one.key for one in derived(rack, known)}


def test_a_system_has_ratios_but_no_tpp() -> None:
    rack = system(("npu", 8))
    told = {one.key: one for one in derived(rack, sheet(rack))}
    assert (told["tpp"].value, told["tpp"].why) == (
        None, "it is asked of a chip, not of a system of them",
    )  # fmt: skip
    assert told["performance_density"].value is None
    assert told["ridge_matrix_bf16"].value == pytest.approx(50.0)


# the shipped systems


def test_cloudmatrix_prints_its_own_figures_and_adds_up_the_rest(sheets: Catalogue) -> None:
    pod = complete(sheets.find("huawei-cloudmatrix-384"), sheets)
    told = {key: (str(one.value), one.origin) for key, one in pod.figures.items()}
    assert told["memory_capacity"] == ("49152 GB", "published")
    assert told["tdp"] == ("559 kW", "published")
    assert told["vector_fp16"][1] == "computed"
    member = sheets.chips["huawei-ascend-910c"].number("vector_fp16")
    assert member
    assert pod.number("vector_fp16") == pytest.approx(384 * member)
    power = {one.key: one.value for one in derived(pod, sheets)}["power_of_chips"]
    assert power
    assert power < 559.0


@pytest.mark.parametrize("name", ["a100", "a800", "h100", "h800", "h20", "h200"])
def test_an_hgx_board_is_eight_of_its_chips(name: str, sheets: Catalogue) -> None:
    board = sheets.find(f"nvidia-hgx-{name}-8")
    (member,) = board.members
    part = sheets.chips[member.chip]
    made = complete(board, sheets)
    assert member.count == 8
    for key in ("matrix_bf16", "memory_capacity", "memory_bandwidth"):
        one = part.number(key)
        assert one
        assert made.number(key) == pytest.approx(8 * one, rel=0.01)
    power = part.number("tdp")
    assert power
    told = {one.key: one.value for one in derived(board, sheets)}
    assert told["power_of_chips"] == pytest.approx(8 * power / 1e3)
