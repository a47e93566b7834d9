"""Measures this machine and compares it with its spec sheet."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from bench import suitefile
from bench.commands.running import several
from bench.commands.running.live import Live
from bench.commands.running.planned import plan
from bench.config import compose, folder
from bench.errors import UsageError
from bench.report.text.markup import printable
from bench.shapes import RunConfig

if TYPE_CHECKING:
    from pathlib import Path

    from bench.chips.load import Catalogue
    from bench.measure.runner import Begun, Order, UnsavedError, Watcher
    from bench.measure.session import Session
    from bench.records.model import Record

HELP = """\
python -m bench [run] [key=value ...]

Identifies the device, measures it, and prints a table: each published figure with the measured one,
intervals, verdicts and sources. The record is saved; 'python -m bench show' shows it again.

  suite=quick       what to measure: smoke (6 s), quick (under a minute), standard, full, matmul,
                    memory, llm, calibrate, links, sustained (described in configs/suite/);
                    or a file of your own: suite=PATH.yaml with name:, seconds: and items:,
                    or suite=PATH.csv with columns m,n,k[,dtype]: products of these shapes
  device=auto       auto, cpu, cuda, cuda:1, npu:1, xpu, mlu, musa, mps, accelerator, fake;
                    all or cuda:0,cuda:2: each alone, then all at once, with their spread;
                    device.alone=false: at once only
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html
  chip=             use this sheet, whatever the device reports (see 'python -m bench chips')
  kernel= dtype=    only this kernel, only this dtype (even where it is done in software);
                    a list measures all of them in one record: dtype=[bf16,fp16]
  variant=          only this form of the kernel, such as a stream of kernel=memory; or a list
  m= n= k=          one matrix shape instead of a search for the best
  batch= length= elements=   the sizes of kernels that have those
  data=normal       inputs: normal, uniform, integers, constant, zeros
  seconds=          measuring time of the whole suite, without set-up
  sustained.seconds=60   time of each load of kernel=sustained, on top of the suite's
  precision=0.01    target half-width of the 95% interval, relative
  margin=0.10       how far below paper still counts as reached
  node=             name of this machine in the record (in Slurm, by default the node's name)
  runs=1            so many runs, one after the other, each as a fresh one: a record of each in
                    one folder, then all side by side; for gate five or more
  out=              folder for the record, or for the records of runs= (by default a new one)
  resume=           complete a record that was interrupted or lost a worker: its path, its id or
                    the beginning of it, or latest; settings and finished measurements are kept;
                    a record of runs=, or their folder, goes on with the runs that are missing;
                    only by the commit of onpaper that began it ('git checkout' that one)
  reports=false     true prints the whole report of each record of -m or runs=, too
  quiet=false       true prints nothing to stderr
  device.fake.X= name like noise noise_level throttle_after_s throttle_to seed count slow shared
                    of the simulated device: like is the chip to imitate (default: that of chip=),
                    slow the last device's share of the rates, shared each device's share of its
                    clock when all are under load

Examples
  python -m bench
  python -m bench suite=smoke device=cpu report=csv
  python -m bench dtype=bf16 m=8192 n=8192 k=8192 data=zeros
  python -m bench run -m dtype=bf16,fp16 data=normal,zeros    (a Hydra sweep)
  python -m bench suite=smoke device=fake device.fake.count=4 device.fake.slow=0.95
  python -m bench suite=quick runs=5 out=baseline                (what gate compares with)
  torchrun --nproc-per-node=2 -m bench run suite=links           (collectives, one device each)
  python -m bench run -m hydra/launcher=slurm node=all out=fleet    (one record per node)
  python -m bench run -m resume=fleet                            (only what is missing)

Exit code: 0 done, 1 a measurement failed, all were skipped, or the record could not be written,
2 wrong usage, or a data file has a fault, 130 interrupted; after -m the highest of its runs.
"""
INTERRUPTED = 130
Printed = Literal["whole", "headless", "nothing"]
"""How much of a run's report is printed; headless is CSV without a header."""
Marks = dict[str, str | int | float | bool | None]
"""Settings that mark a record as one of repeated runs."""


def main(words: list[str]) -> int:
    """Runs once, several times, or as a Hydra sweep with ``-m``."""
    try:
        return _main(words)
    except UsageError as error:
        raise suitefile.placed(error, words) from None


def _main(words: list[str]) -> int:
    from bench.commands.running import series
    from bench.commands.running.sweep import sweep
    from bench.commands.running.sweepwords import refuse_several

    if "-m" in words or "--multirun" in words:
        from bench.measure.ranks import count

        if count() > 1:
            raise UsageError("-m does not work under torchrun: start torchrun for each run of it")
        return sweep([word for word in words if word not in ("-m", "--multirun")])
    words = several.listed(words)
    refuse_several(words)
    config = compose("run", words, RunConfig)
    if config.resume:
        _refuse_fixed(words)
    return series.execute(config) if series.wanted(config) else execute(config)


def execute(
    config: RunConfig,
    *,
    printed: Printed = "whole",
    begun_at: "list[Path] | None" = None,
    marks: Marks | None = None,
) -> int:
    """Measures what the config says, prints the table, and returns the exit code.

    Args:
        config: the run's config.
        printed: how much of the report to print.
        begun_at: receives the path of the record once it exists.
        marks: further settings of a new record, such as its number among repeated runs.
    """
    if several.is_several(config) and not config.resume:
        from bench.chips.load import catalogue

        order, _, fake = plan(config, catalogue())
        return several.execute(config, order, fake)
    begun_at = [] if begun_at is None else begun_at
    try:
        code = _executed(config, begun_at, printed, marks or {})
    except KeyboardInterrupt:  # a second one, while the worker ended or the report was made
        if not begun_at:
            raise
        code = INTERRUPTED
    if code == INTERRUPTED and not config.quiet:
        _say_how_to_go_on(begun_at[0])
    return code


def _say_how_to_go_on(place: "Path") -> None:
    """Says how to complete a record; under torchrun nothing can."""
    from bench.measure.ranks import count

    if count() == 1:
        line = f"onpaper: interrupted: python -m bench resume={place} goes on"
        print(line, file=sys.stderr)


def _executed(config: RunConfig, begun_at: "list[Path]", printed: Printed, marks: Marks) -> int:
    """Measures and prints; ``begun_at`` receives the path of the record once it exists."""
    from bench.chips.load import catalogue
    from bench.devices.base import DeviceError
    from bench.measure.ranks import RankedSession, count, follow, rank
    from bench.measure.resume import rest
    from bench.measure.runner import UnsavedError
    from bench.measure.session import open_session

    sheets, unsaved = catalogue(), None
    config, begun = _resumed(config) if config.resume else (config, None)
    order, device, fake = plan(config, sheets)
    order = replace(order, settings={**order.settings, **marks})
    order, begun = rest(begun, order) if begun else (order, None)
    if rank() > 0:
        return follow(device)
    session = RankedSession(device) if count() > 1 else open_session(device, fake)
    live = Live(order, sheets, margin=config.margin, quiet=config.quiet)
    watcher = _noting_path(live.watcher(), begun_at)
    try:
        with terminable(), live:
            record = _measured(session, order, sheets, watcher, begun)
    except UnsavedError as error:
        record, unsaved = error.record, error
    except DeviceError as error:
        raise UsageError(str(error)) from None
    finally:
        session.close()
    if printed != "nothing":
        _print(record, sheets, config, headed=printed == "whole")
    return _code(record, unsaved, quiet=config.quiet)


def _print(record: "Record", sheets: "Catalogue", config: RunConfig, *, headed: bool) -> None:
    from bench.report.registry import render

    text = render(record, sheets, config.report.format, config.margin)
    print(text if headed else text.partition("\n")[2], end="")


def _code(record: "Record", unsaved: "UnsavedError | None", *, quiet: bool) -> int:
    """Returns the exit code of a finished run; prints why it is 1."""
    from bench.records.failures import summary

    if unsaved:
        raise unsaved
    if record.state == "interrupted":
        return INTERRUPTED
    why = summary([record])
    if why and not quiet:
        print(f"onpaper: {printable(why)}", file=sys.stderr)
    return 1 if why else 0


def _resumed(config: RunConfig) -> "tuple[RunConfig, Begun]":
    """Returns the config that the record was begun with, and the record to complete."""
    from bench.measure.resume import config_of, unfinished

    begun = unfinished(config.resume or "", folder(config.out))
    return config_of(begun.record, config), begun


def _refuse_fixed(words: list[str]) -> None:
    """Refuses keys whose values come from the record to complete."""
    from bench.measure.ranks import count
    from bench.measure.resume import ALONGSIDE

    fixed = [key for word in words if (key := word.partition("=")[0]) not in ALONGSIDE]
    if fixed:
        raise UsageError(f"resume= uses the record's own settings: leave out {fixed[0]}=")
    if count() > 1:
        raise UsageError("resume= does not work under torchrun: measure again")


def _measured(
    session: "Session",
    order: "Order",
    sheets: "Catalogue",
    watcher: "Watcher",
    begun: "Begun | None",
) -> "Record":
    """Measures into a new record, or completes one of this very device."""
    from bench.measure.resume import check_place
    from bench.measure.runner import measure_all, run

    if begun is None:
        return run(session, order, sheets, watcher)
    check_place(begun.record, session.describe())
    return measure_all(session, order, begun, watcher)


@contextmanager
def terminable() -> Iterator[None]:
    """Treats SIGTERM like Ctrl-C: the record keeps what was measured."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _noting_path(watcher: "Watcher", places: "list[Path]") -> "Watcher":
    """Returns a watcher that also adds the path of the record to ``places``."""

    def started(record: "Record", path: "Path") -> None:
        places.append(path)
        watcher.started(record, path)

    return replace(watcher, started=started)
