"""Looks up the measurements that sheets cite: a value refuted by one, a rate proven dense."""

import re
from collections.abc import Iterator, Mapping

from bench.chips.model import Chip
from bench.errors import Fault
from bench.evidence.model import Report

CITED = re.compile(r"\[([a-z0-9.-]+):([a-z0-9.-]+)\]")
"""A reported value in a text: its file in ``results/reported``, and its id there."""

REFUTED = "rivals.refuted"
"""The place of a refutation below a figure."""


def citation_faults(chips: Mapping[str, Chip], reported: Mapping[str, Report]) -> Iterator[Fault]:
    """Yields a fault for each text that rests on a measurement and names none that exists.

    A refutation has to name its measurement; a note may.

    Args:
        chips: the sheets.
        reported: the reported values by file.
    """
    known = {(file, row.id) for file, report in reported.items() for row in report.rows}
    for chip in chips.values():
        for key, text in _texts(chip):
            found = [(one[1], one[2]) for one in CITED.finditer(text)]
            place = f"specs/chips/{chip.id}.yaml", f"figures.{key}"
            if not found and "measured" in text and key.endswith(REFUTED):
                yield Fault(*place, "names no measurement", "add [FILE:ID] of results/reported")
            for file, row in found:
                if (file, row) not in known:
                    problem = f"there is no reported value {file}:{row}"
                    yield Fault(*place, problem, "name one of results/reported")


def _texts(chip: Chip) -> Iterator[tuple[str, str]]:
    """Yields the note of each figure, and why rivals are refuted, with the place in the sheet."""
    for key, figure in chip.figures.items():
        yield f"{key}.note", figure.note or ""
        yield from ((f"{key}.{REFUTED}", one.refuted) for one in figure.rivals if one.refuted)
