"""Looks up the measurements that sheets cite where a published value is refuted by one."""

import re
from collections.abc import Iterator, Mapping

from bench.chips.model import Chip
from bench.errors import Fault
from bench.evidence.model import Report

CITED = re.compile(r"\[([a-z0-9.-]+):([a-z0-9.-]+)\]")
"""A reported value in a text: its file in ``results/reported``, and its id there."""


def citation_faults(chips: Mapping[str, Chip], reported: Mapping[str, Report]) -> Iterator[Fault]:
    """Yields a fault for each refutation that rests on a measurement and names none that exists.

    Args:
        chips: the sheets.
        reported: the reported values by file.
    """
    known = {(file, row.id) for file, report in reported.items() for row in report.rows}
    for chip in chips.values():
        for key, text in _refutations(chip):
            found = [(one[1], one[2]) for one in CITED.finditer(text)]
            place = f"specs/chips/{chip.id}.yaml", f"figures.{key}.rivals.refuted"
            if not found and "measured" in text:
                yield Fault(*place, "names no measurement", "add [FILE:ID] of results/reported")
            for file, row in found:
                if (file, row) not in known:
                    problem = f"there is no reported value {file}:{row}"
                    yield Fault(*place, problem, "name one of results/reported")


def _refutations(chip: Chip) -> Iterator[tuple[str, str]]:
    """Yields figures whose rival values are refuted, and why."""
    for key, figure in chip.figures.items():
        yield from ((key, one.refuted) for one in figure.rivals if one.refuted)
