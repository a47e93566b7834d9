"""Reported values in one form: of one whole chip, beside its sheet, suspect ones without weight."""

from pathlib import Path
from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.evidence.load import examine, reports
from bench.evidence.model import Kind, Report
from bench.evidence.observe import Observation, reported
from bench.units import Dimension
from tests.evidence.cases import figure, row, sheet, shelf, write

ONE = sheet()
TWO = sheet("acme-two", figures={"dies": figure("2"), "matrix_bf16": figure("200 TFLOP/s")})
SHELF = shelf(ONE, TWO)
SUSPECT = "above what is published: a suspect measurement"


def _reports(folder: Path) -> dict[str, Report]:
    found, faults = examine(folder, SHELF.chips, fresh=True)
    assert [str(one) for one in faults] == []
    return dict(found)


def _groups(folder: Path, *values: str, chip: Chip = ONE, **changes: Any) -> list[Observation]:
    """Returns what is made of values that a group each gives for a chip."""
    for place, value in enumerate(values):
        told = row(**{"chip": chip.id, "value": value, **changes})
        write(folder, told, name=f"group-{place}", by=f"Group {place}")
    found, faults = examine(folder, {chip.id: chip}, fresh=True)
    assert [str(one) for one in faults] == []
    return list(reported(found, shelf(chip)))


def _one(folder: Path, **changes: Any) -> Observation:
    head = {key: changes.pop(key) for key in ("protocol", "group") if key in changes}
    told = row(**{"chip": ONE.id, "value": "90 TFLOP/s", **changes})
    write(folder, told, protocol=head.get("protocol"), by=head.get("group", "Lab"))
    (found,) = reported(_reports(folder), SHELF)
    return found


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({}, 90e12),
        ({"count": "8"}, 90e12),
        ({"count": "8", "per": "total"}, 11.25e12),
        ({"per": "total"}, 90e12),
        ({"chip": TWO.id, "per": "die"}, 180e12),
        ({"chip": TWO.id, "per": "die", "count": "4"}, 180e12),
        ({"chip": TWO.id, "count": "4", "per": "total"}, 22.5e12),
        ({"chip": TWO.id}, 90e12),
    ],
    ids=["one", "each-of-8", "8-together", "1-together", "die", "4-dies", "4-together", "device"],
)
def test_a_rate_is_that_of_one_whole_chip(
    changes: dict[str, Any], value: float, tmp_path: Path
) -> None:
    found = _one(tmp_path, **changes)
    assert found.value == found.rate == pytest.approx(value)
    assert found.fraction == pytest.approx(value / (200e12 if "chip" in changes else 100e12))
    assert found.count == int(changes.get("count", 1))


@pytest.mark.parametrize(
    ("quantity", "value", "base", "rate", "per"),
    [
        *(("tpot", "20 ms", 0.02, 50.0, per) for per in ("device", "die")),
        *(("training_mfu", "40 %", 0.4, 0.4, per) for per in ("device", "die", "total")),
    ],
)
def test_times_and_shares_are_left_as_they_are(
    quantity: str, value: str, base: float, rate: float, per: str, tmp_path: Path
) -> None:
    found = _one(tmp_path, chip=TWO.id, per=per, count="8", quantity=quantity, value=value)
    assert found.value == pytest.approx(base)
    assert found.rate == pytest.approx(rate)
    assert (found.paper, found.fraction, found.figure) == (None, None, None)


def test_a_share_of_a_peak_is_its_own_fraction_and_judges_nothing(tmp_path: Path) -> None:
    found = _one(tmp_path, value="77 %", defects=["percent only"])
    assert (found.fraction, found.paper, found.weight) == (0.77, None, 0.0)
    assert found.dimension is Dimension.SHARE


def test_a_figure_that_the_sheet_lacks_gives_no_fraction(tmp_path: Path) -> None:
    found = _one(tmp_path, dtype="fp8")
    assert (found.paper, found.fraction, found.figure) == (None, None, "matrix_fp8")
    assert found.weight == 1.0


@pytest.mark.parametrize("named", [{"matrix_fp32": figure("40 TFLOP/s")}, {}])
def test_products_in_fp32_are_of_one_figure_whichever_units_a_sheet_names(
    named: dict[str, Any], tmp_path: Path
) -> None:
    """Else those of a chip with matrix units for it would meet none of a chip without."""
    chip = sheet("acme-three", figures={"vector_fp32": figure("20 TFLOP/s"), **named})
    (found,) = _groups(tmp_path, "15 TFLOP/s", chip=chip, dtype="fp32")
    assert found.figure == "matrix_fp32"


@pytest.mark.parametrize(
    ("quantity", "value", "figure_", "published", "formula"),
    [
        ("memory_triad", "1.8 TB/s", "memory_bandwidth", 2e12, None),
        ("memory_held", "79 GB", "memory_capacity", 80 * 2**30, None),
        ("host_to_device", "25 GB/s", "pcie_bandwidth_oneway", 32e9,
         "16 lanes of PCIe 4.0 x 2 GB/s, nominal"),
        ("device_to_host", "25 GB/s", "pcie_bandwidth_oneway", 32e9,
         "16 lanes of PCIe 4.0 x 2 GB/s, nominal"),
        ("peer_oneway", "300 GB/s", "link_bandwidth_oneway", 400e9, None),
        ("peer_bidirectional", "700 GB/s", "link_bandwidth", 800e9, "2 directions x 400 GB/s"),
    ],
)  # fmt: skip
def test_figures_of_links_are_derived_where_none_is_printed(
    quantity: str,
    value: str,
    figure_: str,
    published: float,
    formula: str | None,
    tmp_path: Path,
) -> None:
    found = _one(tmp_path, quantity=quantity, value=value, dtype=None)
    assert found.paper is not None
    assert (found.figure, found.paper.key, found.paper.formula) == (figure_, figure_, formula)
    assert found.paper.value == pytest.approx(published)
    assert found.fraction == pytest.approx(found.value / published)


def test_a_printed_figure_of_a_link_stands_before_a_derived_one(tmp_path: Path) -> None:
    printed = {
        "pcie_bandwidth_oneway": figure("28 GB/s"),
        "link_bandwidth": figure("900 GB/s"),
    }
    chip = sheet(figures=printed)
    (host,) = _groups(
        tmp_path / "host", "14 GB/s", chip=chip, quantity="host_to_device", dtype=None
    )
    (peer,) = _groups(tmp_path / "peer", "360 GB/s", chip=chip, quantity="peer_oneway", dtype=None)
    assert host.fraction == pytest.approx(0.5)
    assert peer.fraction == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("changes", "figure_"),
    [
        ({"quantity": "matmul_shape", "workload": {"shape": "8192x8192x8192"}}, "matrix_bf16"),
        ({"quantity": "matmul_shape", "workload": {"shape": "1024x1024x1024"}}, "matrix_bf16"),
        ({"quantity": "matmul_shape", "workload": {"shape": "8192x8192x1023"}}, None),
        ({"quantity": "matmul_shape", "workload": {"shape": "64x8192x8192"}}, None),
        ({"quantity": "matmul_shape"}, None),
        ({"quantity": "matmul_best", "workload": {"shape": "512x512x512"}}, "matrix_bf16"),
        ({"quantity": "matmul_median"}, None),
        ({"quantity": "attention_forward"}, None),
        ({"quantity": "all_reduce", "value": "90 GB/s"}, None),
        ({"quantity": "decode", "value": "90 token/s"}, None),
        ({"dtype": "nvfp4"}, "matrix_fp4"),
        ({"dtype": "mxfp4"}, "matrix_fp4"),
        ({"dtype": "fp8", "quantity": "sparse_matmul"}, "sparse_fp8"),
    ],
)
def test_small_shapes_and_other_work_test_no_figure(
    changes: dict[str, Any], figure_: str | None, tmp_path: Path
) -> None:
    assert _one(tmp_path, **changes).figure == figure_


@pytest.mark.parametrize(
    ("values", "weights"),
    [
        (["102 TFLOP/s"], [1.0]),
        (["102.1 TFLOP/s"], [0.0]),
        (["130 TFLOP/s", "130 TFLOP/s"], [0.0, 0.0]),
        (["130 TFLOP/s", "110 TFLOP/s", "90 TFLOP/s"], [0.0, 0.0, 1.0]),
        (["130 TFLOP/s", "110 TFLOP/s", "103 TFLOP/s"], [1.0, 1.0, 1.0]),
    ],
    ids=["2%", "more", "two-groups", "two-of-three", "three-groups"],
)
def test_a_value_above_paper_weighs_nothing_unless_three_groups_find_it(
    values: list[str], weights: list[float], tmp_path: Path
) -> None:
    found = _groups(tmp_path, *values)
    assert [one.weight for one in found] == weights
    several = "above what is published, as 3 groups find: the sheet may be low"
    told = {0.0: (SUSPECT,), 1.0: (several,) if values[-1] == "103 TFLOP/s" else ()}
    assert [one.why for one in found] == [told[one] for one in weights]


INFERRED = "above the inferred figure of the sheet"


@pytest.mark.parametrize(
    ("said", "weight", "why"),
    [
        ({"basis": "dense"}, 0.0, SUSPECT),
        ({"basis": "unspecified"}, 0.0, SUSPECT),
        ({"basis": "inferred"}, 1.0, INFERRED),
        ({"basis": "dense", "origin": "computed", "formula": "units x clock"}, 1.0, INFERRED),
        (
            {"basis": "inferred", "rivals": [{"value": "90 TFLOP/s", "basis": "dense"}]},
            0.0,
            SUSPECT,
        ),
        (
            {"basis": "inferred", "rivals": [{"value": "90 TFLOP/s", "basis": "inferred"}]},
            1.0,
            INFERRED,
        ),
        (
            {"basis": "inferred", "rivals": [{"value": "9 TFLOP/s", "refuted": "a slip"}]},
            1.0,
            INFERRED,
        ),
    ],
    ids=["dense", "unsaid", "inferred", "computed", "firm-rival", "soft-rival", "refuted-rival"],
)
def test_what_is_only_inferred_or_worked_out_here_bounds_no_measurement(
    said: dict[str, Any], weight: float, why: str, tmp_path: Path
) -> None:
    rivals = said.get("rivals", ())
    printed = figure("100 TFLOP/s", *rivals) | {key: said[key] for key in said if key != "rivals"}
    (found,) = _groups(tmp_path, "110 TFLOP/s", chip=sheet(figures={"matrix_bf16": printed}))
    assert (found.weight, found.why) == (weight, (why,))


def test_one_group_thrice_is_one_group(tmp_path: Path) -> None:
    rows = [row(id=f"r{n}", chip=ONE.id, value="130 TFLOP/s") for n in range(3)]
    write(tmp_path, *rows)
    write(tmp_path, rows[0], name="again")
    assert [one.weight for one in reported(_reports(tmp_path), SHELF)] == [0.0] * 4


def test_groups_that_find_other_chips_or_figures_low_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, row(chip=ONE.id, value="130 TFLOP/s"), name="a", by="A")
    write(tmp_path, row(chip=TWO.id, value="230 TFLOP/s"), name="b", by="B")
    write(tmp_path, row(chip=ONE.id, value="500 TFLOP/s", dtype="nvfp4"), name="c", by="C")
    write(tmp_path, row(chip=ONE.id, value="130 TFLOP/s"), name="d", by="D")
    assert [one.weight for one in reported(_reports(tmp_path), SHELF)] == [0.0] * 4


def test_a_value_that_judges_nothing_is_no_group(tmp_path: Path) -> None:
    sound = row(chip=ONE.id, value="130 TFLOP/s")
    write(tmp_path, sound, name="a", by="A")
    write(tmp_path, sound, name="b", by="B")
    write(tmp_path, {**sound, "defects": ["constant inputs"]}, name="c", by="C")
    write(tmp_path, {**sound, "class": "vendor gate"}, name="d", by="D")
    found = list(reported(_reports(tmp_path), SHELF))
    assert [one.weight for one in found] == [0.0] * 4
    assert [SUSPECT in one.why for one in found] == [True, True, False, False]


def test_a_doubtful_value_that_three_groups_find_keeps_its_half(tmp_path: Path) -> None:
    found = _groups(tmp_path, *["130 TFLOP/s"] * 3, kind="user submission", quality="C")
    assert [one.weight for one in found] == [0.25] * 3
    assert found[0].why[:2] == (
        "a user's submission",
        "quality C: second hand, round or an artefact",
    )


@pytest.mark.parametrize(
    ("rival", "weight"),
    [
        ({"value": "130 TFLOP/s"}, 1.0),
        ({"value": "120 TFLOP/s"}, 0.0),
        ({"value": "130 TFLOP/s", "refuted": "copied from another row"}, 0.0),
        ({"value": "130 TFLOP/s", "counts": "matrix+vector"}, 0.0),
        ({"value": "200 TFLOP/s", "counts": "sparse"}, 0.0),
    ],
    ids=["higher", "not-high-enough", "refuted", "counts-vector", "counts-sparse"],
)
def test_what_others_publish_of_the_same_excuses_a_high_value(
    rival: dict[str, str], weight: float, tmp_path: Path
) -> None:
    chip = sheet(figures={"matrix_bf16": figure("100 TFLOP/s", rival)})
    (found,) = _groups(tmp_path, "128 TFLOP/s", chip=chip)
    assert found.weight == weight


@pytest.mark.parametrize(
    ("value", "weight"),
    [("80 GiB", 1.0), ("87.6 GB", 1.0), ("87.7 GB", 0.0), ("94 GB", 0.0)],
)
def test_gib_printed_as_gb_make_no_suspect_of_a_size(
    value: str, weight: float, tmp_path: Path
) -> None:
    found = _one(tmp_path, quantity="memory_held", value=value, dtype=None)
    assert found.weight == weight
    (rate,) = _groups(tmp_path / "rate", "2.1 TB/s", quantity="memory_copy", dtype=None)
    assert rate.weight == 0.0, "a rate has no such excuse"


def test_work_that_no_figure_promises_is_never_above_it(tmp_path: Path) -> None:
    found = _one(tmp_path, quantity="all_reduce", value="480 GB/s", dtype=None)
    assert found.fraction == pytest.approx(1.2)
    assert (found.weight, found.why) == (1.0, ())


def test_whose_rules_it_was_measured_by_is_the_suite_or_the_group(tmp_path: Path) -> None:
    plain = _one(tmp_path / "a", group="Lab")
    assert (plain.by, plain.under) == ("Lab", "Lab")
    other = _one(tmp_path / "b", group="Lab", by="A user")
    assert (other.by, other.under) == ("A user", "A user")
    suite = _one(tmp_path / "c", group="MLCommons", by="Dell", protocol="MLPerf v5.1")
    assert (suite.by, suite.under) == ("Dell", "MLPerf v5.1")


def test_class_weight_and_software_are_the_rows_own_before_the_sources(tmp_path: Path) -> None:
    plain = _one(tmp_path / "a")
    assert (plain.kind, plain.weight, plain.software) == (Kind.ACADEMIC, 1.0, None)
    told = _one(
        tmp_path / "b", kind="vendor claim", conditions={"engine": "vLLM 1"}, defects=["rounded"]
    )
    assert (told.kind, told.weight, told.software) == (Kind.VENDOR, 0.25, "vLLM 1")
    assert told.why == ("the vendor's own claim", "rounded")
    both = _one(tmp_path / "c", software="CUDA 13", conditions={"engine": "vLLM 1"})
    assert (both.software, both.ref) == ("CUDA 13", "lab:one")


def test_work_is_told_in_one_order_whatever_the_files(tmp_path: Path) -> None:
    told = {"quantity": "decode", "value": "9 token/s"}
    one = _one(tmp_path / "a", **told, workload={"tp": "8", "batch": "4"})
    other = _one(tmp_path / "b", **told, workload={"batch": "4", "tp": "8"})
    assert one.work == other.work == (("batch", "4"), ("tp", "8"))


def test_some_chips_alone_are_read_as_among_all(tmp_path: Path) -> None:
    _groups(tmp_path, *["130 TFLOP/s"] * 3)
    write(tmp_path, row(chip=TWO.id), name="other")
    found = list(reported(_reports(tmp_path), SHELF, [ONE.id]))
    assert [one.chip for one in found] == [ONE.id] * 3
    assert found == [one for one in reported(_reports(tmp_path), SHELF) if one.chip == ONE.id]
    assert list(reported(_reports(tmp_path), SHELF, [])) == []


def test_every_shipped_value_that_weighs_less_says_why(sheets: Catalogue) -> None:
    found = list(reported(reports(), sheets))
    assert len(found) == sum(len(one.rows) for one in reports().values())
    assert {one.weight for one in found} <= {0.0, 0.125, 0.25, 0.5, 1.0}
    assert [one.ref for one in found if one.weight < 1 and not one.why] == []
    whole = [one for one in found if one.weight == 1 and one.why]
    assert [one.ref for one in whole if not one.why[-1].endswith("the sheet may be low")] == []
