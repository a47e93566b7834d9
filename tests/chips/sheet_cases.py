"""A folder of sheets that is written file by file, for tests of sheets."""

from dataclasses import dataclass, field
from pathlib import Path

from bench.chips.load import Catalogue, examine
from bench.errors import Fault

SOURCES = """\
sheet-a: {url: "https://example.com/a", kind: vendor-datasheet, accessed: "2026-11-24"}
press-b: {url: "https://example.com/b", kind: press, accessed: "2026-11-24"}
"""
HEAD = """\
name: Acme One
vendor: acme
kind: gpu
status: sold
tier: global
architecture: First
"""
FIGURE = """\
figures:
  matrix_bf16: {value: 100 TFLOP/s, source: sheet-a, basis: dense}
"""


@dataclass
class SpecFolder:
    """A folder of sheets on disk, written file by file."""

    path: Path
    sources: str = SOURCES
    chips: dict[str, str] = field(default_factory=dict)

    def examine(self) -> tuple[Catalogue, list[Fault]]:
        """Writes the files and loads them."""
        (self.path / "chips").mkdir(exist_ok=True)
        (self.path / "sources.yaml").write_text(self.sources, encoding="utf-8")
        for name, text in self.chips.items():
            (self.path / "chips" / name).write_text(text, encoding="utf-8")
        return examine(self.path)

    def faults(self) -> list[tuple[str, str, str, str]]:
        """Returns the faults as file, field, problem and fix."""
        return [(one.file, one.field, one.problem, one.fix) for one in self.examine()[1]]


ACME = "specs/chips/acme-one.yaml"
