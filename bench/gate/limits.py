"""The user's limits for figures of a sheet: a YAML file, read, or made from a run."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.errors import DataError, Fault, UsageError, did_you_mean
from bench.files import yamlfile
from bench.gate.model import Finding, Row
from bench.judging.verdict import RATED
from bench.words import counted

SLACK = 0.03
"""Relative distance of a limit below what a run reached, as devices of a kind differ."""
SHARE = "write a share of the published figure above 0 and at most 1, such as 0.68"
HEAD = """\
# The share of each published figure of {chip} from which on it counts as reached:
#   python -m bench gate record=latest against={chip} limits=FILE
# Made of record {record}: the low end of its 95% interval, less {slack:.0%}.
"""


def limits_in(word: str, chip: Chip) -> dict[str, float]:
    """Returns the limits of a file, by the keys of figures.

    Raises:
        UsageError: there is no such file, or it is not plain YAML.
        DataError: it is not a mapping of figures of the sheet to shares; names every fault.
    """
    try:
        limits = yamlfile.read(Path(word))
    except FileNotFoundError:
        fix = f"out={word} makes one of what a record reached"
        raise UsageError(f"limits={word}: there is no such file; {fix}") from None
    except yamlfile.YamlError as error:
        raise UsageError(f"limits={word}: {error}") from None
    if not isinstance(limits, dict) or not limits:
        fault = Fault(
            word, "", "is not a mapping of limits", "write a line such as matrix_bf16: 0.68"
        )
        raise DataError([fault])
    faults = [fault for key, node in limits.items() for fault in _faults(word, key, node, chip)]
    if faults:
        raise DataError(faults)
    return {key: float(str(node)) for key, node in limits.items()}


def _faults(file: str, key: str, node: yamlfile.Node, chip: Chip) -> Iterator[Fault]:
    if fault := unprinted(key, chip):
        yield Fault(file, key, *fault)
        return
    try:
        value = float(node) if isinstance(node, str) else math.nan
    except ValueError:
        value = math.nan
    if not 0 < value <= 1:
        shown = repr(node) if isinstance(node, str) else "a list or a mapping"
        yield Fault(file, key, f"{shown} is no limit", SHARE)


def unprinted(key: str, chip: Chip) -> tuple[str, str] | None:
    """Returns why a figure cannot have a limit, and a remedy; None if it can."""
    printed = [one for one in FIGURES if chip.number(one) is not None]
    if key not in FIGURES:
        return "is no figure", did_you_mean(key, printed)
    if key not in printed:
        return f"is not printed on the sheet of {chip.id}", f"leave it out; {_listed(printed)}"
    return None


def _listed(keys: list[str]) -> str:
    return f"it prints {', '.join(keys[:8])}{', ...' if len(keys) > 8 else ''}"


def as_yaml(finding: Finding) -> str:
    """Returns limits made from what a run reached.

    Raises:
        UsageError: no figure was judged.
    """
    lines = [f"{row.taken.of['figure']}: {limit}" for row in finding.rows if (limit := _limit(row))]
    if not lines:
        raise UsageError(f"record {finding.record} reached no figure to make a limit of")
    head = HEAD.format(chip=finding.against[0], record=finding.record, slack=SLACK)
    return head + "\n".join(lines) + "\n"


def limits_made(finding: Finding, file: str) -> Finding:
    """Returns the finding where limits were to be made: a figure that has got one passes."""
    rows = tuple(replace(row, counts=row.counts and not _limit(row)) for row in finding.rows)
    count = counted(sum(bool(_limit(row)) for row in rows), "figure")
    return replace(finding, rows=rows, limits=f"limits of {count} are written to {file}")


def _limit(row: Row) -> str:
    """Returns the limit made from a row, rounded down; empty if the row judges nothing."""
    if row.judged not in RATED or row.ratio is None:
        return ""
    share = math.floor(100 * min(1.0, row.ratio.low * (1 - SLACK))) / 100
    return f"{share:.2f}" if share > 0 else ""
