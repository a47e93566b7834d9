"""Measures this machine and sets it beside its spec sheet."""

import math
import sys
from typing import TYPE_CHECKING

from bench.commands.live import Live
from bench.config import RunConfig, compose, folder, positive, register, spelled_out
from bench.errors import OnpaperError, UsageError

if TYPE_CHECKING:
    from bench.devices.fake import FakeSpec
    from bench.measure.runner import Order

HELP = """\
python -m bench [run] [key=value ...]

Recognises the device, measures it, and prints a table: each published figure beside what was
measured, with intervals, verdicts and sources. The record is saved, and can be shown again with
'python -m bench show'.

  suite=quick       what to measure: smoke (10 s), quick (under a minute)
  device=auto       auto, cpu, cuda, cuda:1, fake
  report=github     github, plain, csv, json, latex, html
  chip=             use this sheet, whatever the device reports (see 'python -m bench chips')
  kernel= dtype=    only this kernel, only this dtype (even where it is done in software)
  m= n= k=          one matrix shape instead of a search for the best
  data=normal       inputs: normal, uniform, integers, constant, zeros
  seconds=          time for the whole suite, set-up excluded
  precision=0.01    wanted half-width of the 95% interval, relative
  margin=0.10       how far below paper still counts as reached
  out=              folder for the record
  quiet=false       say nothing on stderr

Examples
  python -m bench
  python -m bench suite=smoke device=cpu report=csv
  python -m bench dtype=bf16 m=8192 n=8192 k=8192 data=zeros
  python -m bench run -m dtype=bf16,fp16 data=normal,zeros    (a Hydra sweep)

Exit code: 0 done, 1 a measurement failed, 2 wrong usage, 130 interrupted.
"""


def main(words: list[str]) -> int:
    """Runs once, or as a Hydra sweep with ``-m``."""
    if "-m" in words or "--multirun" in words:
        return _sweep([word for word in words if word not in ("-m", "--multirun")])
    return execute(compose("run", words, RunConfig))


def execute(config: RunConfig) -> int:
    """Measures what the config says, prints the table, and returns the exit code."""
    from bench.chips.load import catalogue
    from bench.devices.base import DeviceError
    from bench.measure.runner import run
    from bench.measure.session import open_session
    from bench.report.registry import render

    order, sheets = _order(config), catalogue()
    if config.chip:
        sheets.find(config.chip)
    session = open_session(_word(config), _fake(config))
    live = Live(order, sheets, margin=config.margin, quiet=config.quiet)
    try:
        with live:
            record = run(session, order, sheets, live.watcher())
    except DeviceError as error:
        raise UsageError(str(error)) from None
    finally:
        session.close()
    print(render(record, sheets, config.report.format, config.margin), end="")
    if record.state == "interrupted":
        return 130
    return 1 if any(one.status == "failed" for one in record.measurements) else 0


def _order(config: RunConfig) -> "Order":
    from bench.measure.runner import Order
    from bench.measure.suite import items

    seconds = config.seconds if config.seconds is not None else config.suite.seconds
    return Order(
        suite=config.suite.name,
        seconds=positive("seconds", seconds),
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
            "chip": config.chip,
        },
    )


def _word(config: RunConfig) -> str:
    name, index = config.device.name, config.device.index
    return f"{name}:{index}" if index else name


def _fake(config: RunConfig) -> "FakeSpec | None":
    if config.device.name != "fake":
        return None
    from bench.devices.fake import NOISES, FakeSpec

    told = config.device.fake
    if told.noise not in NOISES:
        raise UsageError(f"no noise {told.noise!r}: choose from {', '.join(NOISES)}")
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


def _sweep(words: list[str]) -> int:
    """Hands a sweep to Hydra, with whatever launcher ``hydra/launcher=`` names."""
    import hydra
    from omegaconf import DictConfig, OmegaConf

    from bench import paths

    register()
    codes: list[int] = []

    def job(config: DictConfig) -> int:
        try:
            codes.append(execute(OmegaConf.to_object(config)))  # type: ignore[arg-type]
        except OnpaperError as error:
            print(f"onpaper: {error}", file=sys.stderr)
            codes.append(error.exit_code)
        return codes[-1]

    sys.argv = ["python -m bench run", "-m", *spelled_out(words)]
    hydra.main(str(paths.data_dir("configs")), "run", "1.3")(job)()
    return max(codes, default=0)
