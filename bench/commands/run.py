"""Measures this machine and sets it beside its spec sheet."""

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.commands.live import Live
from bench.config import compose, device_word, folder, positive
from bench.errors import UsageError
from bench.shapes import RunConfig

if TYPE_CHECKING:
    from bench.chips.load import Catalogue
    from bench.devices.fake import FakeSpec
    from bench.measure.runner import Order

HELP = """\
python -m bench [run] [key=value ...]

Recognises the device, measures it, and prints a table: each published figure beside what was
measured, with intervals, verdicts and sources. The record is saved, and can be shown again with
'python -m bench show'.

  suite=quick       what to measure: smoke (6 s), quick (under a minute)
  device=auto       auto, cpu, cuda, cuda:1, fake
  report=github     github, plain, csv, json, latex, html
  chip=             use this sheet, whatever the device reports (see 'python -m bench chips')
  kernel= dtype=    only this kernel, only this dtype (even where it is done in software)
  variant=          only this form of the kernel, such as a stream of kernel=memory
  m= n= k=          one matrix shape instead of a search for the best
  batch= length= elements=   the sizes of kernels that have those
  data=normal       inputs: normal, uniform, integers, constant, zeros
  seconds=          time for the whole suite, set-up excluded
  precision=0.01    wanted half-width of the 95% interval, relative
  margin=0.10       how far below paper still counts as reached
  out=              folder for the record
  quiet=false       say nothing on stderr
  device.fake.X=    the fake's name, noise, noise_level, throttle_after_s, throttle_to or seed

Examples
  python -m bench
  python -m bench suite=smoke device=cpu report=csv
  python -m bench dtype=bf16 m=8192 n=8192 k=8192 data=zeros
  python -m bench run -m dtype=bf16,fp16 data=normal,zeros    (a Hydra sweep)

Exit code: 0 done, 1 a measurement failed, 2 wrong usage, 130 interrupted.
"""
INTERRUPTED = 130
DAY_S = 86_400


def main(words: list[str]) -> int:
    """Runs once, or as a Hydra sweep with ``-m``."""
    if "-m" in words or "--multirun" in words:
        from bench.commands.sweep import sweep

        return sweep([word for word in words if word not in ("-m", "--multirun")])
    return execute(compose("run", words, RunConfig))


def execute(config: RunConfig, *, headed: bool = True) -> int:
    """Measures what the config says, prints the table, and returns the exit code.

    Args:
        config: what the command line says.
        headed: False leaves out the header of a CSV, which the job before has printed.
    """
    from bench.chips.load import catalogue
    from bench.devices.base import DeviceError
    from bench.measure.runner import run
    from bench.measure.session import open_session
    from bench.report.registry import render

    sheets = catalogue()
    order, device, fake = plan(config, sheets)
    session = open_session(device, fake)
    live = Live(order, sheets, margin=config.margin, quiet=config.quiet)
    try:
        with _terminable(), live:
            record = run(session, order, sheets, live.watcher())
    except DeviceError as error:
        raise UsageError(str(error)) from None
    finally:
        session.close()
    text = render(record, sheets, config.report.format, config.margin)
    print(text if headed else text.partition("\n")[2], end="")
    if record.state == "interrupted":
        return INTERRUPTED
    return 1 if any(one.status == "failed" for one in record.measurements) else 0


def plan(config: RunConfig, sheets: "Catalogue") -> "tuple[Order, str, FakeSpec | None]":
    """Returns what is to be run, and on what; every value is checked, nothing is started."""
    from bench.devices.base import DeviceError
    from bench.devices.registry import parse

    order = _order(config)
    if config.chip:
        sheets.find(config.chip)
    device = device_word(config.device)
    try:
        parse(device)
    except DeviceError as error:
        raise UsageError(str(error)) from None
    return order, device, _fake(config)


@contextmanager
def _terminable() -> Iterator[None]:
    """Ends what is measured on SIGTERM as on Ctrl-C: the record keeps what was measured."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _order(config: RunConfig) -> "Order":
    from bench.measure.runner import Order
    from bench.measure.suite import items, sizes

    seconds = config.seconds if config.seconds is not None else config.suite.seconds
    return Order(
        suite=config.suite.name,
        seconds=positive("seconds", seconds, DAY_S),
        items=items(config),
        precision=positive("precision", config.precision, 0.5),
        chip=config.chip,
        folder=folder(config.out),
        settings={
            "seconds": seconds,
            "precision": config.precision,
            "margin": positive("margin", config.margin, 0.9),
            "data": config.data,
            "kernel": config.kernel,
            "dtype": config.dtype,
            "variant": config.variant,
            **sizes(config),
            "chip": config.chip,
        },
    )


def _fake(config: RunConfig) -> "FakeSpec | None":
    if config.device.name != "fake":
        return None
    from bench.devices.fake import NOISES, FakeSpec

    told = config.device.fake
    if told.noise not in NOISES:
        raise UsageError(f"no noise {told.noise!r}: choose from {', '.join(NOISES)}")
    if not 0 <= told.noise_level < 1:
        raise UsageError(f"device.fake.noise_level={told.noise_level:g} must be 0 or more, below 1")
    if told.seed < 0:
        raise UsageError(f"device.fake.seed={told.seed} must be 0 or more")
    plain = FakeSpec()
    after = math.inf if told.throttle_after_s is None else told.throttle_after_s
    return FakeSpec(
        name=told.name or plain.name,
        noise=told.noise,
        noise_level=told.noise_level,
        throttle_after_s=after,
        throttle_to=positive("device.fake.throttle_to", told.throttle_to, 1.0),
        seed=told.seed,
    )
