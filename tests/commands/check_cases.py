"""A small sound data folder, and a world in which nothing was measured.

What is shipped is checked once, not for each fault.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from bench import paths
from bench.commands import check as command

SHEET = """\
name: Acme One
vendor: acme
kind: gpu
status: sold
tier: global
architecture: First
family: first
figures:
  matrix_bf16: {value: 100 TFLOP/s, source: sheet-a, basis: dense}
  units: {value: "50", source: sheet-a}
  clock_boost: {value: 2 GHz, source: sheet-a}
"""
OTHER = SHEET.replace("Acme One", "Acme Two")
RULE = """\
id: US-ONE
title: One
jurisdiction: US
kind: eccn_control
citation: here
effective: "2026-01-01"
destination: {groups: ["D:5"]}
outcomes:
  - {id: caught, eccn: 3A090.a, when: {tpp: ">= 4800"}}
  - {id: none, policy: none}
confidence: official_text
sources: [sheet-a]
"""
CLAIM = """\
statement: Two is faster.
speaker: Somebody
side: press
date: "2026-01"
source: sheet-a
subjects: [acme-two]
objects: [acme-one]
axes: [{figure: matrix_bf16}]
"""
FILES = {
    "sources.yaml": 'sheet-a: {url: "https://example.com/", kind: regulation, '
    'accessed: "2026-11-24"}\n',
    "vendors.yaml": 'acme: {name: Acme, torch_device: cuda, source: "https://example.com/"}\n',
    "architectures.yaml": "first: {name: First, unit: SM, cycle: "
    "{matrix_bf16: {value: 1000 FLOP/cycle, source: sheet-a}}}\n",
    "destinations.yaml": 'checked_to: "2026-09-20"\n'
    'groups: {"D:5": {members: [CN], source: sheet-a}}\n'
    "countries: {CN: {name: China}}\n",
    "chips/acme-one.yaml": SHEET,
    "rules/2026-01-01-us-one.yaml": RULE,
}
ONE, TWO = "specs/chips/acme-one.yaml", "specs/chips/acme-two.yaml"
LAW = "rules/2026-01-01-us-one.yaml"


@dataclass
class Data:
    """A small sound data folder on disk; files are changed one by one."""

    path: Path
    capsys: pytest.CaptureFixture[str]

    def put(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Puts other words into a file of ``FILES``."""
        assert old in FILES[name]
        self.put(name, FILES[name].replace(old, new))

    def told(self) -> tuple[int, list[str], str]:
        """The exit code, the faults, and the last line."""
        code = command.main([f"specs={self.path}"])
        *faults, last = self.capsys.readouterr().out.splitlines()
        return code, faults, last

    def fault(self) -> str:
        """The only fault, one line of its own."""
        code, faults, last = self.told()
        assert len(faults) == 1, faults
        assert (code, last.endswith(" records: 1 fault")) == (1, True)
        return faults[0]


def no_results(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets ``results/`` be an empty folder."""
    shipped = paths.data_dir

    def without(name: str) -> Path:
        return folder / "no-results" if name == "results" else shipped(name)

    monkeypatch.setattr(paths, "data_dir", without)
