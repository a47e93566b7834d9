"""Repeats a run: one record per run in one folder, then a table of all."""

import datetime as dt
import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench import paths
from bench.commands import run
from bench.commands.running import jobtable
from bench.commands.running.planned import MOST_RUNS, plan
from bench.config import folder
from bench.errors import OnpaperError, UsageError
from bench.report.formats import format_of
from bench.report.text.markup import printable
from bench.shapes import RunConfig

if TYPE_CHECKING:
    from bench.records.model import Record

Begun = dict[int, "tuple[Path, Record]"]
"""The records of a series that exist, with their paths, by their number from 1."""


@dataclass(frozen=True)
class Series:
    """Repeated runs.

    Attributes:
        name: an id that only their records share.
        config: config of the first run.
        runs: the number of runs.
        done: the complete records, by their number from 1.
        begun: the incomplete ones.
    """

    name: str
    config: RunConfig
    runs: int
    done: Mapping[int, Path] = field(default_factory=dict)
    begun: Mapping[int, Path] = field(default_factory=dict)

    def config_of(self, number: int) -> RunConfig:
        """Returns the config of a run; a simulated device has different noise in each."""
        fake = self.config.device.fake
        noise = replace(fake, seed=fake.seed + number - 1)
        device = replace(self.config.device, fake=noise)
        begun = self.begun.get(number)
        return replace(self.config, runs=1, device=device, resume=str(begun) if begun else None)


def wanted(config: RunConfig) -> bool:
    """Returns whether to run several times, or to resume a record of repeated runs."""
    if not config.resume:
        return config.runs != 1
    from bench.measure.resume import SERIES, named
    from bench.records.store import read

    return SERIES in read(named(config.resume, folder(config.out))).settings


def execute(config: RunConfig) -> int:
    """Measures the missing runs, prints a table of all, and returns the exit code."""
    series = _resumed(config) if config.resume else new(config)
    places: list[Path] = []
    hidden = jobtable.hides([config], series.runs)
    try:
        code = measured(series, places, "nothing" if hidden else "whole")
    except KeyboardInterrupt:
        if not places:
            raise
        code = run.INTERRUPTED
        if not config.quiet:
            _say(f"onpaper: interrupted: python -m bench resume={places[-1]} goes on")
    finally:
        _print_table(series, places, hidden=hidden)
    return code


def measured(series: Series, places: list[Path], printed: run.Printed) -> int:
    """Measures the missing runs one after the other, and returns the worst exit code.

    Args:
        series: the runs.
        places: receives the path of each record once it exists.
        printed: how much of the first report to print; further CSV has no header.
    """
    from bench.records.failures import failures
    from bench.records.store import read

    worst = 0
    one_table = format_of(series.config.report.format).one_table
    with run.terminable():
        for number in range(1, series.runs + 1):
            if number in series.done:
                places.append(series.done[number])
                code = int(any(failures(read(series.done[number]))))
            else:
                code = _run_one(series, number, places, printed)
                printed = "headless" if one_table and printed == "whole" else printed
            worst = max(worst, code)
            if code == run.INTERRUPTED:
                break
    return worst


def _run_one(series: Series, number: int, places: list[Path], printed: run.Printed) -> int:
    """Measures one run; its path is added to ``places`` even if it is interrupted."""
    from bench.measure.resume import RUN, RUNS, SERIES

    if not series.config.quiet:
        _say(f"run {number} of {series.runs}")
    marks: run.Marks = {SERIES: series.name, RUN: number, RUNS: series.runs}
    begun_at: list[Path] = []
    try:
        config = series.config_of(number)
        code = run.execute(config, printed=printed, begun_at=begun_at, marks=marks)
        sys.stdout.flush()
    finally:
        places += begun_at
    return code


def new(config: RunConfig) -> Series:
    """Returns new runs; without ``out=`` they get a folder of their own.

    Raises:
        UsageError: a value is wrong, or the runs cannot be repeated.
    """
    from bench.chips.load import catalogue

    plan(config, catalogue())
    default = paths.runs_dir() / f"runs-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}"
    out = config.out or str(default)
    return Series(secrets.token_hex(6), replace(config, out=out), config.runs)


def _resumed(config: RunConfig) -> Series:
    """Returns the series to resume; ``resume=`` names one of its records, or their folder.

    Raises:
        UsageError: no run is missing, or they cannot be resumed here.
    """
    from bench.measure.resume import (
        RUN,
        RUNS,
        SERIES,
        config_of,
        is_finished,
        named,
        refuse_foreign,
        refuse_other,
    )
    from bench.records.store import read

    path = named(config.resume or "", folder(config.out))
    record, place = read(path), path.parent.parent
    refuse_foreign(record, path)
    runs = _number(record, RUNS)
    found = _begun(record, place)
    done = {number: file for number, (file, taken) in found.items() if is_finished(taken)}
    if set(done) >= set(range(1, runs + 1)):
        raise UsageError(f"the {runs} runs of record {record.id} are complete: nothing to resume")
    refuse_other(record)
    first = replace(config_of(record, config), out=str(place), resume=None)
    seed = first.device.fake.seed + 1 - _number(record, RUN)
    fake = replace(first.device.fake, seed=seed)
    first = replace(first, device=replace(first.device, fake=fake))
    begun = {number: file for number, (file, _) in found.items() if number not in done}
    return Series(str(record.settings[SERIES]), first, runs, done, begun)


def _begun(record: "Record", place: Path) -> Begun:
    """Returns the records of a folder that belong to the same runs, by number."""
    from bench.measure.resume import RUN, SERIES
    from bench.records.store import read

    name = str(record.settings[SERIES])
    found: Begun = {}
    for path in sorted(place.rglob("*.json")):
        with suppress(OnpaperError, OSError, UnicodeDecodeError):  # the file is no record
            one = read(path) if name in path.read_text(encoding="utf-8") else None
            if one and one.settings.get(SERIES) == name:
                found[_number(one, RUN)] = path, one
    return found


def _number(record: "Record", key: str) -> int:
    """Returns a setting of a record of repeated runs, which is a number from 1 on.

    Raises:
        UsageError: the record lacks it.
    """
    value = record.settings.get(key)
    if type(value) is not int or not 1 <= value <= MOST_RUNS:
        raise UsageError(f"record {record.id} is of several runs and lacks {key}: measure again")
    return value


def _print_table(series: Series, places: list[Path], *, hidden: bool) -> None:
    """Prints the table of the runs; nothing if there is no record."""
    from bench.measure.resume import RUN
    from bench.records.store import read
    from bench.report.record.figures import suite_words

    records = [read(path) for path in places]
    if not records:
        return
    jobs = [
        jobtable.Job((f"run {one.settings[RUN]}",), path)
        for one, path in zip(records, places, strict=True)
    ]
    some = f"{len(jobs)} of " if len(jobs) < series.runs else ""
    title = f"{some}{series.runs} runs, {suite_words(records[0])}"
    jobtable.print_table(jobs, series.config, title, hidden=hidden)


def _say(line: str) -> None:
    print(printable(line), file=sys.stderr, flush=True)
