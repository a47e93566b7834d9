"""The table of transformer layers: tokens a second, and what they take of peak and bandwidth."""

from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.devices.fake import FakeDevice, FakeSpec
from bench.judging.verdict import rows
from bench.measure.item import Item
from bench.measure.runner import Watcher, run
from bench.measure.session import LocalSession
from bench.records.model import Identity, Record
from bench.report.formats import FORMATS
from bench.report.record.layers import TITLE, layer_sections
from bench.report.registry import render
from bench.report.table import Section
from tests.conftest import order


@pytest.fixture
def record(tmp_path: Path, sheets: Catalogue) -> Record:
    """A layer in decode and in prefill on the fake H20."""
    items = [Item("layer", "bf16", variant=f"llama-3.1-8b-{one}") for one in ("decode", "prefill")]
    device = LocalSession(FakeDevice(FakeSpec(noise="none")))
    return run(device, order(tmp_path, *items), sheets, Watcher())


def shown(record: Record, sheets: Catalogue) -> Section:
    """The one table of layers."""
    (found,) = layer_sections(record, rows(record, sheets), sheets)
    return found


def test_a_layer_is_told_in_tokens_operations_and_bytes_a_second(
    record: Record, sheets: Catalogue
) -> None:
    section = shown(record, sheets)
    for one, cells, flat in zip(record.measurements, section.cells, section.flat, strict=True):
        assert one.work is not None
        assert one.timing is not None
        seconds = one.timing.stats.median_s
        assert flat["tokens_per_s"] == pytest.approx(one.work.items / seconds)
        assert flat["flop_per_s"] == pytest.approx(one.work.flop / seconds)
        assert flat["peak_share"] == pytest.approx(one.work.flop / seconds / 148e12)
        assert flat["bytes_per_s"] == pytest.approx(one.work.bytes / seconds)
        assert flat["bandwidth_share"] == pytest.approx(one.work.bytes / seconds / 4e12)
        assert cells[2].endswith(f" = {one.work.flop / seconds / 148e12:.1%}")
        assert cells[3].endswith(f" = {one.work.bytes / seconds / 4e12:.1%}")
        assert "token/s (" in cells[1]
    assert section.lines[0] == "Shares are of bf16 matrix 148 TFLOP/s, memory bandwidth 4000 GB/s."


def test_without_a_chip_there_are_rates_and_no_shares(record: Record, sheets: Catalogue) -> None:
    here = record.model_copy(update={"identity": Identity(state="unknown")})
    section = shown(here, sheets)
    assert "=" not in "".join(section.cells[0][1:])
    assert section.flat[0]["peak_share"] is None
    assert section.flat[0]["flop_per_s"]
    assert section.lines[0] == "The chip is not known."


def test_a_sheet_that_lacks_the_bandwidth_leaves_that_share_out(
    record: Record, sheets: Catalogue
) -> None:
    chip = sheets.chips[record.identity.chip or ""]
    figures = {key: one for key, one in chip.figures.items() if key != "memory_bandwidth"}
    bare = Catalogue(
        chips={chip.id: chip.model_copy(update={"figures": figures})}, sources=sheets.sources
    )
    section = shown(record, bare)
    assert ("=" in section.cells[0][2], "=" in section.cells[0][3]) == (True, False)
    assert section.lines[0] == (
        "Shares are of bf16 matrix 148 TFLOP/s; no sourced figure for memory bandwidth."
    )


def test_a_layer_that_failed_says_why(record: Record, sheets: Catalogue) -> None:
    first, second = record.measurements
    gone = first.model_copy(update={"status": "failed", "reason": "no memory", "timing": None})
    section = shown(record.model_copy(update={"measurements": (gone, second)}), sheets)
    assert section.columns[-1] == "remark"
    assert section.cells[0][1:] == ("–", "–", "–", "failed: no memory")
    assert section.cells[1][-1] == ""


@pytest.mark.parametrize("style", [one for one in FORMATS if one != "csv"])
def test_its_rows_stand_in_one_table_only(style: str, record: Record, sheets: Catalogue) -> None:
    text = render(record, sheets, style)
    assert TITLE in text
    if style != "json":
        assert "transformer layers" not in text.lower().replace(TITLE.lower(), "")
        assert text.count("llama-3.1-8b decode 64 x 4096 bf16") == 1


def test_what_runs_no_layer_has_no_such_table(record: Record, sheets: Catalogue) -> None:
    none = record.model_copy(update={"measurements": ()})
    assert list(layer_sections(none, rows(none, sheets), sheets)) == []
