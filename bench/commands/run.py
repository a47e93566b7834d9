"""Measures this machine and sets it beside its spec sheet."""

import math
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from bench import paths
from bench.commands.live import Live
from bench.config import (
    RunConfig,
    as_text,
    checked,
    choices,
    compose,
    device_word,
    folder,
    positive,
    quoted,
    register,
)
from bench.errors import OnpaperError, UsageError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig

    from bench.chips.load import Catalogue
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
MOST_COMPOSED = 64
"""Sweeps of more jobs are checked value by value, not job by job."""
GRAMMAR = frozenset("([{'\"")
"""Signs by which a word of a sweep is more than values with commas: ``choice(...)``, quotes."""


def main(words: list[str]) -> int:
    """Runs once, or as a Hydra sweep with ``-m``."""
    if "-m" in words or "--multirun" in words:
        return _sweep([word for word in words if word not in ("-m", "--multirun")])
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
    order, device, fake = _plan(config, sheets)
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


def _plan(config: RunConfig, sheets: "Catalogue") -> "tuple[Order, str, FakeSpec | None]":
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
    from bench.measure.suite import items

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


def _sweep(words: list[str]) -> int:
    """Hands a sweep to Hydra, with whatever launcher ``hydra/launcher=`` names.

    Every value is checked beforehand, so that a wrong one is found before anything runs.
    """
    import hydra

    told = checked("run", words, RunConfig)
    told = [as_text(one, RunConfig) if {*GRAMMAR, ","}.isdisjoint(one) else one for one in told]
    _check(told)
    register()
    sweep = _Sweep()
    sys.argv = ["python -m bench run", "-m", _sweep_folder(), *told]
    try:
        hydra.main(str(paths.data_dir("configs")), "run", "1.3")(sweep.job)()
    except KeyboardInterrupt:
        if sweep.unwritten:
            raise sweep.unwritten from None
        return INTERRUPTED
    finally:
        sweep.tidy()
    return max(sweep.codes, default=0)


class _Sweep:
    """Runs the jobs of a sweep that Hydra hands over, and remembers how they ended."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.unwritten: OSError | None = None
        self._headed = False
        self._folder: Path | None = None

    def job(self, told: "DictConfig") -> int:
        """Runs one job; an interruption ends the sweep, not this job only."""
        from hydra.core.hydra_config import HydraConfig
        from omegaconf import OmegaConf

        self._folder = Path(HydraConfig.get().sweep.dir)
        config: RunConfig = OmegaConf.to_object(told)  # type: ignore[assignment]
        try:
            self.codes.append(self._execute(config))
        except OnpaperError as error:
            print(f"onpaper: {error}", file=sys.stderr)
            self.codes.append(error.exit_code)
        except OSError as error:  # the report has nowhere to go; Hydra would show its own stack
            self.unwritten = error
            raise KeyboardInterrupt from None
        if self.codes[-1] == INTERRUPTED:
            raise KeyboardInterrupt
        return self.codes[-1]

    def _execute(self, config: RunConfig) -> int:
        """Runs one job; all CSV of a sweep has one header."""
        if config.report.format != "csv":
            return execute(config)
        code = execute(config, headed=False) if self._headed else execute(config)
        sys.stdout.flush()
        self._headed = True
        return code

    def tidy(self) -> None:
        """Removes what Hydra leaves of a sweep, unless somebody's files lie there, too."""
        if self._folder is None or not self._folder.is_dir():
            return
        left = [path for path in self._folder.rglob("*") if not path.is_dir()]
        if left != [self._folder / "multirun.yaml"]:
            return
        left[0].unlink()
        emptied = [self._folder / str(number) for number in range(len(self.codes) + 1)]
        if self._folder.parent == _sweeps():
            emptied += [self._folder, self._folder.parent]
        for folder_ in emptied:
            with suppress(OSError):  # it is not there, or not empty
                folder_.rmdir()


def _check(told: list[str]) -> None:
    """Composes and plans the jobs of a sweep; of a large one, each value beside first values.

    Raises:
        UsageError: a key, choice or value that is wrong in any job.
    """
    from bench.chips.load import catalogue

    sheets = catalogue()
    for words in _jobs(_parsed(told)):
        _plan(compose("run", words, RunConfig), sheets)


def _parsed(told: list[str]) -> list[list[str]]:
    """Returns for each word of a sweep the words it stands for."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    parser, found = OverridesParser.create(), []
    for word in told:
        try:
            found.append(_alternatives(parser.parse_override(word)))
        except (HydraException, OmegaConfBaseException) as error:
            line = str(error).splitlines()[0]
            raise UsageError(f"{word!r} cannot be read as a sweep: {line}") from None
    return found


def _alternatives(one: "Override") -> list[str]:
    """Returns the words that one word of a sweep stands for; what is no list, none to check."""
    from hydra.core.override_parser.types import Glob

    key = one.get_key_element()
    told: object = one.value()
    if not one.is_sweep_override():
        return [one.input_line or ""]
    if isinstance(told, Glob):
        return [
            f"{key}={name}"
            for name in choices(key)
            if any(fnmatch(name, sign) for sign in told.include)
            and not any(fnmatch(name, sign) for sign in told.exclude)
        ]
    if not one.is_discrete_sweep():  # an interval, of which only its sweeper knows the values
        return []
    return [f"{key}={value}" for value in one.sweep_string_iterator()]


def _jobs(alternatives: list[list[str]]) -> Iterator[list[str]]:
    """Yields the words of every job, or of so many that every word stands in one."""
    listed = [words for words in alternatives if words]
    if math.prod(map(len, listed)) <= MOST_COMPOSED:
        yield from map(list, product(*listed))
        return
    first = [words[0] for words in listed]
    yield first
    for place, words in enumerate(listed):
        for word in words[1:]:
            yield [*first[:place], word, *first[place + 1 :]]


def _sweeps() -> Path:
    return paths.runs_dir().parent / "sweeps"


def _sweep_folder() -> str:
    """Returns the override that puts Hydra's files beside the runs, not where one stands."""
    return f"hydra.sweep.dir={quoted(str(_sweeps() / '${now:%Y-%m-%d_%H-%M-%S}'))}"
