"""The table of collectives: algorithm and bus bandwidth, beside one direction of the link."""

from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.devices.fake import FakeDevice, FakeSpec
from bench.judging.verdict import Verdict, rows
from bench.kernels.common import ranks
from bench.measure.item import Item
from bench.measure.runner import Watcher, run
from bench.measure.session import LocalSession
from bench.records.model import Identity, Record
from bench.report.formats import FORMATS
from bench.report.record.collectives import LAUNCHED, collective_sections
from bench.report.record.flat import flat as for_programs
from bench.report.registry import render
from tests.conftest import order

FACTORS = {"all_reduce": 1.75, "all_gather": 0.875}


@pytest.fixture
def record(tmp_path: Path, sheets: Catalogue, monkeypatch: pytest.MonkeyPatch) -> Record:
    """Two operations over eight fake ranks, beside the H20, and one that was not run."""
    monkeypatch.setattr(ranks, "count", lambda: 8)
    items = [Item("collective", "fp32", variant=f"{one}-16MiB") for one in FACTORS]
    device = LocalSession(FakeDevice(FakeSpec(noise="none", bandwidth=200e9)))
    found = run(device, order(tmp_path, *items), sheets, Watcher())
    told = [
        one.model_copy(update={"observed": {"bus_factor": factor, "backend": "nccl"}})
        for one, factor in zip(found.measurements, FACTORS.values(), strict=True)
    ]
    last = found.measurements[0].model_copy(
        update={"status": "skipped", "reason": "no room", "timing": None, "work": None}
    )
    return found.model_copy(update={"measurements": (*told, last)})


def test_a_collective_is_told_in_both_bandwidths_and_beside_the_link(
    record: Record, sheets: Catalogue
) -> None:
    (section,) = collective_sections(record, rows(record, sheets), sheets)
    assert section.title == "Collectives over 8 ranks"
    for one, cells, flat in zip(
        record.measurements[:2], section.cells[:2], section.flat[:2], strict=True
    ):
        assert one.timing is not None
        seconds = one.timing.stats.median_s
        operation = str(one.parameters["operation"])
        assert flat["algorithm_bytes_per_s"] == pytest.approx(2**24 / seconds)
        assert flat["bus_bytes_per_s"] == pytest.approx(FACTORS[operation] * 2**24 / seconds)
        assert flat["link_bytes_per_s"] == 450e9
        assert flat["link_share"] == pytest.approx(FACTORS[operation] * 2**24 / seconds / 450e9)
        assert cells[:2] == (operation.replace("_", "-"), "16 MiB")
        assert (flat["ranks"], flat["backend"]) == (8, "nccl")
    assert section.lines[-1] == LAUNCHED
    on_cpus = [
        one.model_copy(update={"observed": {**one.observed, "backend": "gloo"}})
        for one in record.measurements
    ]
    made = record.model_copy(update={"measurements": tuple(on_cpus)})
    (other,) = collective_sections(made, rows(made, sheets), sheets)
    assert LAUNCHED not in other.lines
    assert section.cells[2][2:6] == ("–",) * 4
    assert section.cells[2][6] == "skipped: no room"
    assert (
        section.lines[0] == "The link carries 450.0 GB/s in one direction, 900 GB/s / 2 directions."
    )


@pytest.mark.parametrize(
    ("operation", "over", "verdict"),
    [
        ("all_reduce", 1.07, Verdict.UNRATED),
        ("all_reduce", 1.80, Verdict.IMPLAUSIBLE),
        ("all_gather", 1.07, Verdict.IMPLAUSIBLE),
    ],
)
def test_a_sum_in_the_switch_may_exceed_the_link_and_nothing_else_may(
    operation: str, over: float, verdict: Verdict, record: Record, sheets: Catalogue
) -> None:
    found = record.measurements[list(FACTORS).index(operation)]
    assert found.work is not None
    assert found.timing is not None
    moved = over * 450e9 * found.timing.stats.median_s
    faster = found.model_copy(update={"work": found.work.model_copy(update={"bytes": moved})})
    here = record.model_copy(update={"measurements": (faster,)})
    (row,) = rows(here, sheets)
    assert row.verdict is verdict
    assert row.fraction is not None
    assert row.fraction.value == pytest.approx(over)


def test_a_row_for_programs_has_message_ranks_and_both_bandwidths(
    record: Record, sheets: Catalogue
) -> None:
    row = rows(record, sheets)[0]
    told, moved = for_programs(record, row), FACTORS["all_reduce"]
    assert (told["ranks"], told["message_bytes"]) == (8, 2**24)
    assert told["bytes_per_s"] == told["measured"]
    assert row.measured is not None
    assert told["algorithm_bytes_per_s"] == pytest.approx(row.measured.value / moved)


def test_ranks_on_several_nodes_are_told_and_beside_no_link(
    record: Record, sheets: Catalogue
) -> None:
    nodes = [
        one.model_copy(update={"parameters": {**one.parameters, "nodes": 2}, "figures": ()})
        for one in record.measurements
    ]
    here = record.model_copy(update={"measurements": tuple(nodes)})
    (section,) = collective_sections(here, rows(here, sheets), sheets)
    assert section.title == "Collectives over 8 ranks on 2 nodes"
    assert (section.flat[0]["nodes"], section.flat[0]["link_share"]) == (2, None)
    assert section.lines[0] == "No sheet prints such a figure."


def test_without_a_chip_there_are_bandwidths_and_no_shares(
    record: Record, sheets: Catalogue
) -> None:
    here = record.model_copy(update={"identity": Identity(state="unknown")})
    (section,) = collective_sections(here, rows(here, sheets), sheets)
    assert section.lines[0] == "The chip is not known."
    assert section.flat[0]["link_share"] is None
    assert section.flat[0]["algorithm_bytes_per_s"]


@pytest.mark.parametrize(
    ("chip", "count", "told"),
    [
        ("amd-mi300x-oam-192gb", 4, "4 ranks have 192 GB/s"), ("amd-mi300x-oam-192gb", 8, ""),
        ("intel-gaudi3-oam-128gb", 8, "8 ranks have 525 GB/s"), ("nvidia-h20-sxm-96gb", 4, ""),
    ],
)  # fmt: skip
def test_few_ranks_of_a_full_mesh_are_told_what_lies_between_them(
    chip: str, count: int, told: str, record: Record, sheets: Catalogue
) -> None:
    few = [
        one.model_copy(update={"parameters": {**one.parameters, "ranks": count}})
        for one in record.measurements
    ]
    found = record.identity.model_copy(update={"chip": chip})
    here = record.model_copy(update={"measurements": tuple(few), "identity": found})
    (section,) = collective_sections(here, rows(here, sheets), sheets)
    lines = [one for one in section.lines if "full mesh" in one]
    assert lines == ([f"In a full mesh {told} of it between them; the rest is idle."] * bool(told))


def test_other_records_have_no_such_table(record: Record, sheets: Catalogue) -> None:
    none = record.model_copy(update={"measurements": ()})
    assert list(collective_sections(none, rows(none, sheets), sheets)) == []


@pytest.mark.parametrize("name", FORMATS)
def test_the_table_stands_in_every_format_and_once(
    name: str, record: Record, sheets: Catalogue
) -> None:
    text = render(record, sheets, name).replace("\\", "")
    assert "16 MiB" in text or "16777216" in text
    if name == "github":
        assert text.count("all-gather") == 1
