"""A catalogue of one invented chip, for tests of the library."""

from pathlib import Path

from bench.chips.load import examine
from bench.rules.load import Rulebook
from bench.rules.places import Places
from bench.tables.model import Data

SOURCES = """\
maker: {url: "https://maker.test/a", kind: vendor-datasheet, title: A100, accessed: "2026-01-02"}
paper: {url: "https://paper.test/b", kind: press, accessed: "2026-01-03", weak: a rumour}
"""
SHEET = """\
name: Test One
vendor: test
kind: npu
status: sold
tier: domestic
architecture: first
figures:
  matrix_fp16_acc16:
    value: 320 TFLOP/s
    source: maker
    basis: dense
    rivals:
      - {value: 640 TFLOP/s, source: paper, basis: unspecified, counts: sparse}
      - {value: 256 TFLOP/s, source: paper, basis: unspecified, note: at 80 %}
    why: the maker says so
  memory_capacity: {value: 64 GiB, source: maker}
  matrix_fp8: {value: unsupported, source: maker}
explained: {matrix_fp16_acc16: a lower clock}
"""


def invented(folder: Path) -> Data:
    """The tables' view of one invented chip, whose sheet is written into a folder."""
    (folder / "chips").mkdir()
    (folder / "chips" / "test-one.yaml").write_text(SHEET, encoding="utf-8")
    (folder / "sources.yaml").write_text(SOURCES, encoding="utf-8")
    (folder / "architectures.yaml").write_text(
        "first: {name: First, unit: core, cycle: {}}\n", encoding="utf-8"
    )
    found, faults = examine(folder)
    assert faults == []
    chips = tuple(found.chips.values())
    return Data(chips, found, Rulebook({}, Places(groups={}, countries={})))
