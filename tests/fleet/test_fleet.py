"""A fleet is ranked: what is slow is named with its cause, and chance alone names nothing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.__main__ import main
from bench.records.model import Conditions, Record
from tests.records.fleet_records import in_shapes, of_device, of_fp32, put, slower

DEVICES = 24


@pytest.fixture
def folder(record: Record, tmp_path: Path) -> Path:
    """Two runs of each of 24 devices, four a node; one slow in memory, one hot, one whole node."""
    draw = np.random.default_rng(1)
    for number in range(DEVICES):
        for turn in range(2):
            factor = float(np.exp(draw.normal(0, 0.003)))
            one = of_device(record, number, factor, turn=turn)
            if number == 5:
                one = of_device(one, number, 1.08, kernel="memory", turn=turn)
            if number == 10:
                one = of_device(hot(one), number, 1.10, kernel="gemm", turn=turn)
            put(one, tmp_path / "records")
    return tmp_path / "records"


def hot(record: Record) -> Record:
    """A record whose products ran at a lower clock, and warmer."""
    seen = Conditions(
        at_s=(0.0,), clock_hz=(1.62e9,), temperature_c=(88.0,),
        throttle=("software thermal slowdown",),
    )  # fmt: skip
    changed = tuple(
        one.model_copy(update={"conditions": seen}) if one.kernel == "gemm" else one
        for one in record.measurements
    )
    return record.model_copy(update={"measurements": changed})


def rows(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The flat rows of a fleet."""
    assert main(["fleet", *words, "report=json"]) in (0, 1)
    told: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["rows"]
    return told


def test_slow_devices_are_named_first_with_their_cause(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fleet", f"records={folder}", "report=github"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[1].rstrip().endswith(f"2 devices are slow of {DEVICES}: n02 fake:2, n01 fake:1.")
    lines = [line for line in out if line.startswith("| ")]
    first, second, third = (line.split(" | ") for line in lines[1:4])
    assert "n02 fake:2" in first[1]
    assert "hot: clock -10.0%, 28 °C warmer (software thermal slowdown)" in first[-1]
    assert "n01 fake:1" in second[1]
    assert "slow memory at full clock" in second[-1]
    assert third[-1].strip(" |") == "–"


def test_every_device_has_a_rank_on_every_measurement(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = rows([f"records={folder}"], capsys)
    assert len(told) == 2 * DEVICES
    assert {one["records"] for one in told} == {2}
    for figure in ("matrix_bf16", "memory_bandwidth"):
        ranked = sorted((one["rank"], one["ratio"]) for one in told if one["figure"] == figure)
        assert [rank for rank, _ in ranked] == list(range(1, DEVICES + 1))
        assert [ratio for _, ratio in ranked] == sorted(ratio for _, ratio in ranked)


def test_a_node_that_is_slow_as_a_whole_is_told(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = np.random.default_rng(2)
    for number in range(40):
        slow = 1.2 if number // 4 == 3 else 1.0
        put(
            of_device(record, number, slow * float(np.exp(draw.normal(0, 0.003)))),
            tmp_path / "fleet",
        )
    assert main(["fleet", f"records={tmp_path / 'fleet'}", "report=github"]) == 1
    told = capsys.readouterr().out
    (line,) = (line for line in told.splitlines() if "(the whole node)" in line)
    assert line.startswith("| n03 ")


def test_what_is_not_alike_is_not_set_side_by_side(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(16):
        one = of_device(record, number, 1.3 if number >= 8 else 1.0)
        driver = "580" if number >= 8 else "570"
        device = one.device.model_copy(update={"driver": driver})
        put(one.model_copy(update={"device": device}), tmp_path / "fleet")
    told = rows([f"records={tmp_path / 'fleet'}"], capsys)
    assert {one["group"] for one in told} == {1, 2}
    assert not any(one["differs"] for one in told)


def test_few_devices_have_none_that_differs(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(4):
        put(of_device(record, number, 1 + number), tmp_path / "fleet")
        assert main(["fleet", f"records={tmp_path / 'fleet'}", "report=plain"]) == 0
    told = capsys.readouterr().out
    assert "Fleet of 1 device, 1 record\n" in told
    assert "1 device is too few" in told
    assert "4 devices are too few to find one that differs; 'run device=all' says which" in told


def test_records_without_serial_or_node_are_no_count_of_devices(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One such record is a device; of two nobody knows."""
    line = " records have neither serial nor node: each is counted as a device"
    for number, title in enumerate(["2 devices, 2 records", "up to 3 devices, 3 records"]):
        one = of_device(record, 9 + number, 1.0)
        machine = one.machine.model_copy(update={"node": None})
        put(one.model_copy(update={"machine": machine}), tmp_path / "fleet")
        put(of_device(record, 1, 1.0), tmp_path / "fleet")
        assert main(["fleet", f"records={tmp_path / 'fleet'}", "report=plain"]) == 0
        told = capsys.readouterr().out
        assert f"Fleet of {title}" in told
        assert (f"2{line}" in told) is title.startswith("up to")


def test_devices_measured_alone_and_at_once_are_counted_once_and_told_apart(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        for together in (1, 3):
            one = of_device(record, number, 1.0, turn=together)
            settings = {**one.settings, "together": together}
            put(one.model_copy(update={"settings": settings}), tmp_path / "fleet")
    assert main(["fleet", f"records={tmp_path / 'fleet'}", "report=plain"]) == 0
    told = capsys.readouterr().out
    assert "Fleet of 3 devices, 6 records" in told
    assert told.count("): 3 devices are too few to find one") == 2
    assert told.count(", at once): 3 devices are too few") == 1
    titles = [line for line in told.splitlines() if line.startswith("Spread over devices")]
    assert [line.endswith(", at once") for line in titles].count(True) == 1


def test_nodes_that_are_not_shown_are_told(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(12):
        put(of_device(record, number, 1), tmp_path / "fleet")
    assert main(["fleet", f"records={tmp_path / 'fleet'}", "report=plain", "limit=2"]) == 0
    assert "1 of 3 nodes are not shown" in capsys.readouterr().out


def test_a_plan_says_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    told = rows(["devices=10000", "at_once=1000", "seconds=60"], capsys)
    assert [one["records"] for one in told] == [10_000, 20_000, 30_000, 50_000, 100_000]
    assert told[0]["hours"] == pytest.approx(10 * 75 / 3600)
    deviations = [one["deviation"] for one in told]
    assert deviations == sorted(deviations, reverse=True)


def test_a_plan_of_less_than_an_hour_is_in_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fleet", "devices=1000", "seconds=885", "report=github"]) == 0
    lines = [line.split("|") for line in capsys.readouterr().out.splitlines() if "min |" in line]
    assert [line[3].strip() for line in lines] == ["15.0 min", "30.0 min", "45.0 min"]
    assert main(["fleet", "devices=1000", "seconds=3585", "report=github"]) == 0
    assert "1.00 h" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give records=FOLDER"),
        (["records=.", "devices=9"], "give records=FOLDER"),
        (["records=none"], "is not a folder"),
        (["records=.", "slow=0.1"], "slow= belongs to devices="),
        (["devices=9", "figure=gemm"], "figure= belongs to records="),
        (["devices=3"], "devices=3 must be 5 to"),
        (["devices=9", "at_once=10"], "at_once=10 must be 1 to devices=9"),
        (["devices=9", "noise=0"], "noise=0 must be above 0"),
        (["records=.", "level=1"], "level=1 must lie between 0 and 0.5"),
        (["records=.", "least=-1"], "least=-1 must be 0 or more"),
        (["records=.", "limit=-1"], "limit=-1 must be 0 or more"),
    ],
)
def test_a_wrong_word_costs_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fleet", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_figure_that_none_tests_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fleet", f"records={folder}", "figure=matrix_bf61"]) == 2
    assert "did you mean 'matrix_bf16'" in capsys.readouterr().err
    assert main(["fleet", f"records={folder}", "chip=h200"]) == 2
    assert "holds no record of nvidia-h200" in capsys.readouterr().err


def test_a_copy_of_a_record_is_no_second_run(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        one = of_device(record, number).model_copy(update={"id": "20261101-000000-fake"})
        put(one, tmp_path / "all" / f"{number}")
        put(one, tmp_path / "all" / f"copy{number}")
    told = rows([f"records={tmp_path / 'all'}"], capsys)
    assert {one["records"] for one in told} == {1}
    assert len({one["device_key"] for one in told}) == 5


def test_of_many_shapes_the_best_counts_and_none_where_one_is_disturbed(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (product,) = [one for one in record.measurements if "matrix_bf16" in one.figures]
    stolen = Conditions(steal_fraction=0.5)
    for number in range(8):
        few = [slower(product, 1.0 + 0.2 * place) for place in range(3)]
        if number == 3:
            few[0] = few[0].model_copy(update={"conditions": stolen})
        one = record.model_copy(update={"measurements": tuple(few)})
        put(of_device(one, number, 1 + 0.001 * number), tmp_path / "all")
    told = rows([f"records={tmp_path / 'all'}", "figure=matrix_bf16"], capsys)
    assert len(told) == 7
    assert {one["records"] for one in told} == {1}
    assert not any(one["differs"] for one in told)


def test_a_loss_in_one_fixed_shape_is_seen(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other shape, which is the faster one, does not stand for both."""
    for number in range(12):
        noise = 1 + 0.002 * ((7 * number) % 5 - 2)
        factors = (noise * (1.1 if number == 4 else 1.0), 0.2 * noise)
        put(of_device(in_shapes(record, *factors), number), tmp_path / "fleet")
    told = rows([f"records={tmp_path / 'fleet'}"], capsys)
    assert {one["sizes"] for one in told} == {"64 x 512 x 512", "512 x 512 x 512"}
    slow = [(one["called"], one["sizes"]) for one in told if one["differs"]]
    assert slow == [("n01 fake:0", "64 x 512 x 512")]
    assert main(["fleet", f"records={tmp_path / 'fleet'}", "report=github"]) == 1
    assert "bf16 matrix, 64 x 512 x 512" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["figure=vector_fp32"], ["figure=gemm"]])
def test_a_product_is_called_by_the_figure_of_its_sheet(
    words: list[str], record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(of_fp32(record), tmp_path / "fleet")
    told = rows([f"records={tmp_path / 'fleet'}", *words], capsys)
    assert {one["figure"] for one in told} == {"vector_fp32"}


def test_a_matrix_product_is_no_vector_rate_where_the_sheet_has_a_matrix_rate(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fleet", f"records={folder}", "figure=vector_bf16"]) == 2
    assert "no record tests 'vector_bf16'" in capsys.readouterr().err
