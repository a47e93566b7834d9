"""Runs a Hydra sweep: every job planned beforehand, then handed to whatever launcher is named."""

import math
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatch
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from bench import paths
from bench.commands import run
from bench.config import as_text, checked, choices, compose, quoted, register
from bench.errors import OnpaperError, UsageError, did_you_mean, first_line
from bench.shapes import RunConfig

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig

MOST_COMPOSED = 64
"""Sweeps of more jobs are checked value by value, not job by job."""
READ = frozenset(("terminal", "github", "plain"))
"""Formats that people read, and in which one report may follow another."""
LIST = re.compile(r"\[[^][]*\]")
GRAMMAR = frozenset("([{'\"")
"""Signs by which a word of a sweep is more than values with commas: ``choice(...)``, quotes."""

SWEPT = (
    "suite", "kernel", "dtype", "variant", "m", "n", "k", "batch", "length", "elements", "data",
    "seconds", "sustained.seconds", "precision", "margin", "chip",
)  # fmt: skip
"""Keys whose values hold no comma of their own."""


def refuse_several(words: list[str]) -> None:
    """Refuses several values of a key, which only a sweep takes.

    Raises:
        UsageError: says how a sweep is typed.
    """
    from bench.measure.suite import NAMED

    for word in words:
        key, _, value = word.partition("=")
        if key not in SWEPT or "," not in value or value.startswith(("'", '"')):
            continue
        if key in NAMED and value.startswith("["):
            continue
        plain = ",".join(one.strip() for one in value.strip("[]").split(","))
        each = f"{word} has several values: run -m {key}={plain} makes a record of each"
        raise UsageError(f"{each}, {key}=[{plain}] one record of all" if key in NAMED else each)


def as_typed(word: str) -> str:
    """Returns a word of a sweep for Hydra's grammar: text in quotes, and so a list of names."""
    from bench.measure.suite import NAMED

    if {*GRAMMAR, ","}.isdisjoint(word):
        return as_text(word, RunConfig)
    key, _, value = word.partition("=")
    if key not in NAMED or {"'", '"'} & set(value):
        return word
    return f"{key}={LIST.sub(lambda found: quoted(found[0]), value)}"


def sweep(words: list[str]) -> int:
    """Hands a sweep to Hydra, with whatever launcher ``hydra/launcher=`` names.

    Every value is checked beforehand, so that a wrong one is found before anything runs.
    """
    import hydra

    from bench.commands import nodes

    if dotted := [word for word in words if word.startswith("hydra.launcher=")]:
        name = dotted[0].partition("=")[2]
        raise UsageError(f"a launcher is chosen by hydra/launcher={name}, with a slash")
    if nodes.wanted(words):
        return nodes.fleet(words)
    told = [as_typed(one) for one in checked("run", words, RunConfig)]
    try:
        planned(told)
    except UsageError as error:
        raise _launcher_told(told, error) from None
    register()
    jobs = _Sweep()
    sys.argv = ["python -m bench run", "-m", _sweep_folder(), *told]
    try:
        hydra.main(str(paths.data_dir("configs")), "run", "1.3")(jobs.job)()
    except KeyboardInterrupt:
        if jobs.unwritten:
            raise jobs.unwritten from None
        return run.INTERRUPTED
    finally:
        jobs.tidy()
    jobs.tell()
    return max(jobs.codes, default=0)


def _launcher_told(words: list[str], error: UsageError) -> UsageError:
    """Returns the error, with the launchers that there are where one is not there."""
    from bench.launch.plugin import ENGINES

    for word in words:
        key, _, value = word.partition("=")
        if key == "hydra/launcher" and f"{key}/{value}" in str(error):
            near = did_you_mean(value, ["basic", *ENGINES])
            return UsageError(f"no launcher {value!r} is installed: {near}")
    return error


class _Sweep:
    """Runs the jobs of a sweep that Hydra hands over, and remembers how they ended."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.unwritten: OSError | None = None
        self._headed = False
        self._folder: Path | None = None
        self._told: list[tuple[RunConfig, list[str], Path]] = []

    def job(self, told: "DictConfig") -> int:
        """Runs one job; an interruption ends the sweep, not this job only."""
        from hydra.core.hydra_config import HydraConfig
        from omegaconf import OmegaConf

        self._folder = Path(HydraConfig.get().sweep.dir)
        config: RunConfig = OmegaConf.to_object(told)  # type: ignore[assignment]  # of the shape it was composed as
        try:
            self.codes.append(self._execute(config, list(HydraConfig.get().overrides.task)))
        except OnpaperError as error:
            print(f"onpaper: {error}", file=sys.stderr)
            self.codes.append(error.exit_code)
        except OSError as error:  # the report has nowhere to go; Hydra would show its own stack
            self.unwritten = error
            raise KeyboardInterrupt from None
        if self.codes[-1] == run.INTERRUPTED:
            raise KeyboardInterrupt
        return self.codes[-1]

    def _execute(self, config: RunConfig, words: list[str]) -> int:
        """Runs one job; all CSV of a sweep has one header."""
        begun_at: list[Path] = []
        lines = config.report.format == "csv"
        code = run.execute(config, headed=not (lines and self._headed), begun_at=begun_at)
        sys.stdout.flush()
        self._headed = self._headed or lines
        self._told += [(config, words, path) for path in begun_at]
        return code

    def tell(self) -> None:
        """Prints the jobs side by side where their reports are for reading."""
        from bench.chips.load import catalogue
        from bench.records.store import read
        from bench.report.registry import set_in
        from bench.report.sweep import sweep_report

        styles = {config.report.format for config, _, _ in self._told}
        if len(self._told) < 2 or len(styles) > 1 or not styles <= READ:
            return
        found = [(words, read(path)) for _, words, path in self._told]
        report = sweep_report(found, catalogue(), self._told[0][0].margin)
        print("\n" + set_in(styles.pop(), report), end="")

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


def planned(told: list[str]) -> RunConfig:
    """Composes and plans the jobs of a sweep; of a large one, each value beside first values.

    Returns:
        The config of the first job.

    Raises:
        UsageError: a key, choice or value that is wrong in any job.
    """
    from bench.chips.load import catalogue

    sheets = catalogue()
    configs = [compose("run", words, RunConfig, multirun=True) for words in _jobs(_parsed(told))]
    for config in configs:
        run.plan(config, sheets)
    return configs[0]


def _parsed(told: list[str]) -> list[list[str]]:
    """Returns for each word of a sweep the words it stands for."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    parser, found = OverridesParser.create(), []
    for word in told:
        try:
            one = parser.parse_override(word)
            found.append(_alternatives(one))
        except (HydraException, OmegaConfBaseException) as error:
            why = first_line(error)
            raise UsageError(f"{word!r} cannot be read as a sweep: {why}") from None
        if one.is_sweep_override() and not found[-1]:
            _refuse_none(word, one, told)
    return found


def _refuse_none(word: str, one: "Override", told: list[str]) -> None:
    """Refuses a word of a sweep that stands for no value, so that there would be no job.

    Raises:
        UsageError: says what to write; an interval is left to a sweeper that somebody named.
    """
    key = one.get_key_element()
    if one.is_interval_sweep():
        if any(other.startswith("hydra/sweeper=") for other in told):
            return
        raise UsageError(f"{word} is an interval: list its values, {key}=1,2")
    known = choices(key)
    if known:
        raise UsageError(f"{word} fits no {key}: there are {', '.join(known)}")
    instead = ": write its values with commas" if "glob(" in word else ""
    raise UsageError(f"{word} stands for no value{instead}")


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
