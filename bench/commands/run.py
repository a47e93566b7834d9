"""Measures this machine and sets it beside its spec sheet."""

import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from bench import paths
from bench.commands import fakes, several
from bench.commands.live import Live
from bench.config import choices, compose, device_word, folder, positive
from bench.errors import UsageError
from bench.shapes import RunConfig, Suite

if TYPE_CHECKING:
    from pathlib import Path

    from bench.chips.load import Catalogue
    from bench.devices.fake import FakeSpec
    from bench.measure.runner import Begun, Order, UnsavedError, Watcher
    from bench.measure.session import Session
    from bench.records.model import Record

HELP = """\
python -m bench [run] [key=value ...]

Identifies the device, measures it, and prints a table: each published figure with the measured one,
intervals, verdicts and sources. The record is saved; 'python -m bench show' shows it again.

  suite=quick       what to measure: smoke (6 s), quick (under a minute), standard, full, matmul,
                    memory, llm, calibrate, links, sustained (described in configs/suite/);
                    or a file of your own: suite=PATH.yaml with name:, seconds: and items:
  device=auto       auto, cpu, cuda, cuda:1, npu:1, xpu, mlu, musa, mps, accelerator, fake;
                    all or cuda:0,cuda:2: each alone, then all at once, with their spread
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
  out=              folder for the record
  resume=           complete a record that was interrupted or lost a worker: its path, its id or
                    the beginning of it, or latest; settings and finished measurements are kept
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
  torchrun --nproc-per-node=2 -m bench run suite=links           (collectives, one device each)
  python -m bench run -m hydra/launcher=slurm node=all out=fleet    (one record per node)
  python -m bench run -m resume=fleet                            (only what is missing)

Exit code: 0 done, 1 a measurement failed, all were skipped, or the record could not be written,
2 wrong usage, or a data file has a fault, 130 interrupted; after -m the highest of its runs.
"""
INTERRUPTED = 130
DAY_S = 86_400
NODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")


def main(words: list[str]) -> int:
    """Runs once, or as a Hydra sweep with ``-m``."""
    from bench.commands.sweep import refuse_several, sweep

    if "-m" in words or "--multirun" in words:
        from bench.measure.ranks import count

        if count() > 1:
            raise UsageError("-m does not work under torchrun: start torchrun for each run of it")
        return sweep([word for word in words if word not in ("-m", "--multirun")])
    words = several.listed(words)
    refuse_several(words)
    config = compose("run", words, RunConfig)
    if config.resume:
        _alone(words)
    return execute(config)


def execute(config: RunConfig, *, headed: bool = True, begun_at: "list[Path] | None" = None) -> int:
    """Measures what the config says, prints the table, and returns the exit code.

    Args:
        config: what the command line says.
        headed: False leaves out the header of a CSV, which the job before has printed.
        begun_at: where the record's path is put, once it is there.
    """
    if several.is_several(config) and not config.resume:
        from bench.chips.load import catalogue

        order, _, fake = plan(config, catalogue())
        return several.execute(config, order, fake)
    begun_at = [] if begun_at is None else begun_at
    try:
        return _executed(config, begun_at, headed=headed)
    except KeyboardInterrupt:  # one more, while the worker was ended or the report made
        if not begun_at:
            raise
        print(f"onpaper: interrupted: what was measured is in {begun_at[0]}", file=sys.stderr)
        return INTERRUPTED


def _executed(config: RunConfig, begun_at: "list[Path]", *, headed: bool) -> int:
    """Does it; the record's path is put into ``begun_at`` once it is there."""
    from bench.chips.load import catalogue
    from bench.devices.base import DeviceError
    from bench.measure.ranks import RankedSession, count, follow, rank
    from bench.measure.resume import rest
    from bench.measure.runner import UnsavedError
    from bench.measure.session import open_session
    from bench.report.registry import render

    sheets, unsaved = catalogue(), None
    config, begun = _resumed(config) if config.resume else (config, None)
    order, device, fake = plan(config, sheets)
    order, begun = rest(begun, order) if begun else (order, None)
    if rank() > 0:
        return follow(device)
    session = RankedSession(device) if count() > 1 else open_session(device, fake)
    live = Live(order, sheets, margin=config.margin, quiet=config.quiet)
    watcher = _telling(live.watcher(), begun_at)
    try:
        with terminable(), live:
            record = _measured(session, order, sheets, watcher, begun)
    except UnsavedError as error:
        record, unsaved = error.record, error
    except DeviceError as error:
        raise UsageError(str(error)) from None
    finally:
        session.close()
    text = render(record, sheets, config.report.format, config.margin)
    print(text if headed else text.partition("\n")[2], end="")
    return _code(record, unsaved)


def _code(record: "Record", unsaved: "UnsavedError | None") -> int:
    """Returns the exit code of a run whose report is printed."""
    from bench.records.failures import failures

    if unsaved:
        raise unsaved
    if record.state == "interrupted":
        return INTERRUPTED
    return 1 if any(failures(record)) else 0


def _resumed(config: RunConfig) -> "tuple[RunConfig, Begun]":
    """Returns the record that is to be completed, and the config by which it was begun."""
    from bench.measure.resume import config_of, unfinished

    begun = unfinished(config.resume or "", folder(config.out))
    return config_of(begun.record, config), begun


def _alone(words: list[str]) -> None:
    """Refuses what a record that is completed has told already."""
    from bench.measure.ranks import count
    from bench.measure.resume import ALONGSIDE

    more = [key for word in words if (key := word.partition("=")[0]) not in ALONGSIDE]
    if more:
        raise UsageError(f"resume= uses the record's own settings: leave out {more[0]}=")
    if count() > 1:
        raise UsageError("resume= does not work under torchrun: measure again")


def _measured(
    session: "Session",
    order: "Order",
    sheets: "Catalogue",
    watcher: "Watcher",
    begun: "Begun | None",
) -> "Record":
    """Measures into a new record, or into one that was begun on this very device."""
    from bench.measure.resume import check_place
    from bench.measure.runner import measure_all, run

    if begun is None:
        return run(session, order, sheets, watcher)
    check_place(begun.record, session.describe())
    return measure_all(session, order, begun, watcher)


def plan(config: RunConfig, sheets: "Catalogue") -> "tuple[Order, str, FakeSpec | None]":
    """Returns what is to be run, and on what; every value is checked, nothing is started."""
    from bench.devices.base import DeviceError
    from bench.devices.registry import parse

    order = _order(config)
    if config.chip:
        sheets.find(config.chip)
    device = device_word(config.device)
    if several.is_several(config):
        several.check(config)
        return order, device, fakes.spec(config)
    try:
        parse(device)
    except DeviceError as error:
        raise UsageError(str(error)) from None
    return order, device, fakes.spec(config)


@contextmanager
def terminable() -> Iterator[None]:
    """Ends what is measured on SIGTERM as on Ctrl-C: the record keeps what was measured."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _telling(watcher: "Watcher", places: "list[Path]") -> "Watcher":
    """Returns the watcher that puts the path of the record into ``places``, too."""

    def started(record: "Record", path: "Path") -> None:
        places.append(path)
        watcher.started(record, path)

    return replace(watcher, started=started)


def _order(config: RunConfig) -> "Order":
    from bench.measure.ranks import alone, count
    from bench.measure.runner import Order
    from bench.measure.suite import asked, items, sizes

    seconds = config.seconds if config.seconds is not None else config.suite.seconds
    return Order(
        suite=config.suite.name,
        seconds=positive("seconds", seconds, DAY_S),
        items=items(config) if count() > 1 else alone(items(config)),
        precision=positive("precision", config.precision, 0.5),
        chip=config.chip,
        folder=folder(config.out),
        node=_node(config.node),
        settings={
            "seconds": seconds,
            "sustained_seconds": config.sustained.seconds,
            "precision": config.precision,
            "margin": positive("margin", config.margin, 0.9),
            "data": config.data,
            **asked(config),
            **sizes(config),
            "chip": config.chip,
            **({"ranks": count()} if count() > 1 else {}),
            **_items_told(config.suite),
            **fakes.told(config),
        },
    )


def _node(word: str | None) -> str | None:
    """Returns the name of this machine among others: as told, or as Slurm calls it."""
    name = word or os.environ.get("SLURMD_NODENAME") or None
    if name and not NODE.fullmatch(name):
        raise UsageError(f"node={name[:80]!r}: up to 64 letters, digits, '.', '_' and '-'")
    return name


def _items_told(suite: Suite) -> dict[str, str]:
    """Returns the suite's items where they are not those of its file, as they could be typed."""
    from omegaconf import OmegaConf

    from bench.measure.suite import spelled

    if suite.name in choices("suite"):
        path = paths.data_dir("configs") / "suite" / f"{suite.name}.yaml"
        shipped = OmegaConf.to_object(OmegaConf.merge(Suite, OmegaConf.load(path)))
        if isinstance(shipped, Suite) and suite.items == shipped.items:
            return {}
    return {"suite.items": spelled(suite)}
