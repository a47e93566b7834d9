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
from bench.commands import jobtable, run
from bench.commands.planned import MOST_RUNS, plan
from bench.config import folder
from bench.errors import OnpaperError, UsageError
from bench.report.markup import printable
from bench.shapes import RunConfig

if TYPE_CHECKING:
    from bench.records.model import Record

Begun = dict[int, "tuple[Path, Record]"]


@dataclass(frozen=True)
class Series:
    """Runs of one kind.

    Attributes:
        name: shared by their records and by no others.
        config: of the first run.
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
        """Returns the config of a run; a simulated device has other noise in each."""
        fake = self.config.device.fake
        noise = replace(fake, seed=fake.seed + number - 1)
        device = replace(self.config.device, fake=noise)
        begun = self.begun.get(number)
        return replace(self.config, runs=1, device=device, resume=str(begun) if begun else None)


def wanted(config: RunConfig) -> bool:
    """Tells whether several runs are asked for, or a record of several is to be resumed."""
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
    finally:
        _tell(series, places, hidden=hidden)
    if code == run.INTERRUPTED and not config.quiet:
        _say(f"onpaper: interrupted: python -m bench resume={places[-1]} goes on")
    return code


def measured(series: Series, places: list[Path], printed: run.Printed) -> int:
    """Measures the missing runs one after the other, and returns the worst exit code.

    Args:
        series: the runs.
        places: receives the path of each record once it exists.
        printed: how much of the first report; further CSV has no header.
    """
    from bench.records.failures import failures
    from bench.records.store import read

    worst = 0
    lines = series.config.report.format == "csv"
    with run.terminable():
        for number in range(1, series.runs + 1):
            if number in series.done:
                places.append(series.done[number])
                code = int(any(failures(read(series.done[number]))))
            else:
                code = _one(series, number, places, printed)
                printed = "headless" if lines and printed == "whole" else printed
            worst = max(worst, code)
            if code == run.INTERRUPTED:
                break
    return worst


def _one(series: Series, number: int, places: list[Path], printed: run.Printed) -> int:
    from bench.measure.resume import RUN, RUNS, SERIES

    if not series.config.quiet:
        _say(f"run {number} of {series.runs}")
    marks: run.Marks = {SERIES: series.name, RUN: number, RUNS: series.runs}
    own: list[Path] = []
    try:
        config = series.config_of(number)
        code = run.execute(config, printed=printed, begun_at=own, marks=marks)
        sys.stdout.flush()
    finally:
        places += own
    return code


def new(config: RunConfig) -> Series:
    """Returns new runs; without ``out=`` they get a folder of their own.

    Raises:
        UsageError: a value is wrong, or the runs cannot be repeated.
    """
    from bench.chips.load import catalogue

    plan(config, catalogue())
    own = paths.runs_dir() / f"runs-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}"
    return Series(secrets.token_hex(6), replace(config, out=config.out or str(own)), config.runs)


def _resumed(config: RunConfig) -> Series:
    """Returns the runs of which ``resume=`` names a record, or a folder of records.

    Raises:
        UsageError: none is missing, or they cannot be resumed here.
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
    runs = _whole(record, RUNS)
    found = _begun(record, place)
    done = {number: one for number, (one, of) in found.items() if is_finished(of)}
    if set(done) >= set(range(1, runs + 1)):
        raise UsageError(f"the {runs} runs of record {record.id} are complete: nothing to resume")
    refuse_other(record)
    told = replace(config_of(record, config), out=str(place), resume=None)
    seed = told.device.fake.seed + 1 - _whole(record, RUN)
    told = replace(told, device=replace(told.device, fake=replace(told.device.fake, seed=seed)))
    begun = {number: one for number, (one, _) in found.items() if number not in done}
    return Series(str(record.settings[SERIES]), told, runs, done, begun)


def _begun(record: "Record", place: Path) -> Begun:
    """Returns the records of a folder that belong to the same runs, by number."""
    from bench.measure.resume import RUN, SERIES
    from bench.records.store import read

    name = str(record.settings[SERIES])
    found: Begun = {}
    for path in sorted(place.rglob("*.json")):
        with suppress(OnpaperError, OSError, UnicodeDecodeError):  # no record, and so none of these
            one = read(path) if name in path.read_text(encoding="utf-8") else None
            if one and one.settings.get(SERIES) == name:
                found[_whole(one, RUN)] = path, one
    return found


def _whole(record: "Record", key: str) -> int:
    """Returns a number that a record of several runs has.

    Raises:
        UsageError: it has none.
    """
    value = record.settings.get(key)
    if type(value) is not int or not 1 <= value <= MOST_RUNS:
        raise UsageError(f"record {record.id} is of several runs and lacks {key}: measure again")
    return value


def _tell(series: Series, places: list[Path], *, hidden: bool) -> None:
    from bench.measure.resume import RUN
    from bench.records.store import read
    from bench.report.table import part

    records = [read(path) for path in places]
    if not records:
        return
    jobs = [
        jobtable.Job((f"run {one.settings[RUN]}",), path)
        for one, path in zip(records, places, strict=True)
    ]
    some = f"{len(jobs)} of " if len(jobs) < series.runs else ""
    title = f"{some}{series.runs} runs, {part(records[0])}"
    jobtable.tell(jobs, series.config, title, hidden=hidden)


def _say(line: str) -> None:
    print(printable(line), file=sys.stderr, flush=True)
