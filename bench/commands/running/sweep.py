"""Runs a Hydra sweep: checks every job beforehand, then passes all of them to Hydra's launcher."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bench import paths
from bench.commands import run
from bench.commands.running import jobtable, series
from bench.commands.running.sweepwords import as_typed, planned
from bench.config import checked, quoted, register
from bench.errors import OnpaperError, UsageError, did_you_mean
from bench.report.formats import format_of
from bench.report.text.markup import printable
from bench.shapes import RunConfig

if TYPE_CHECKING:
    from omegaconf import DictConfig


def sweep(words: list[str]) -> int:
    """Runs a sweep with the launcher that ``hydra/launcher=`` names; returns the exit code.

    Every value is checked beforehand, so that a wrong one is found before anything runs.
    """
    import hydra

    from bench.commands.running import nodes

    if dotted := [word for word in words if word.startswith("hydra.launcher=")]:
        name = dotted[0].partition("=")[2]
        raise UsageError(f"a launcher is chosen by hydra/launcher={name}, with a slash")
    if nodes.wanted(words):
        return nodes.fleet(words)
    texts = [as_typed(one) for one in checked("run", words, RunConfig)]
    try:
        configs = planned(texts)
    except UsageError as error:
        raise _naming_launchers(texts, error) from None
    register()
    jobs = _Sweep(hidden=_is_here(texts) and jobtable.hides(configs, _records(configs)))
    sys.argv = ["python -m bench run", "-m", _sweep_folder(), *texts]
    try:
        with run.terminable():
            hydra.main(str(paths.data_dir("configs")), "run", "1.3")(jobs.job)()
    except KeyboardInterrupt:
        if jobs.unwritten:
            raise jobs.unwritten from None
        jobs.print_table()
        jobs.say_interrupted()
        return run.INTERRUPTED
    finally:
        jobs.tidy()
    jobs.print_table()
    return max(jobs.codes, default=0)


def _is_here(words: list[str]) -> bool:
    """Returns whether the jobs run in this process, which then has all that a table needs."""
    return all(
        word == "hydra/launcher=basic" for word in words if word.startswith("hydra/launcher=")
    )


def _records(configs: list[RunConfig]) -> int:
    return sum(max(1, config.runs) for config in configs)


def _naming_launchers(words: list[str], error: UsageError) -> UsageError:
    """Returns the error; if it is about an unknown launcher, one that names those installed."""
    from bench.launch.plugin import ENGINES

    for word in words:
        key, _, value = word.partition("=")
        if key == "hydra/launcher" and f"{key}/{value}" in str(error):
            near = did_you_mean(value, ["basic", *ENGINES])
            return UsageError(f"no launcher {value!r} is installed: {near}")
    return error


class _Sweep:
    """Runs the jobs of a sweep, which Hydra calls it with, and remembers how they ended.

    Attributes:
        codes: exit code of each job that ended.
        unwritten: the error that kept a report from being printed, which ends the sweep.
    """

    def __init__(self, *, hidden: bool) -> None:
        self.codes: list[int] = []
        self.unwritten: OSError | None = None
        self._hidden = hidden
        self._headed = False
        self._folder: Path | None = None
        self._configs: list[RunConfig] = []
        self._jobs: list[jobtable.Job] = []

    def job(self, node: "DictConfig") -> int:
        """Runs one job and returns its exit code; an interruption ends the whole sweep."""
        from hydra.core.hydra_config import HydraConfig
        from omegaconf import OmegaConf

        self._folder = Path(HydraConfig.get().sweep.dir)
        config: RunConfig = OmegaConf.to_object(node)  # type: ignore[assignment]  # composed as RunConfig
        try:
            words = [word.replace("'", "") for word in HydraConfig.get().overrides.task]
            self.codes.append(self._execute(config, words))
        except OnpaperError as error:
            print(f"onpaper: {error}", file=sys.stderr)
            self.codes.append(error.exit_code)
        except OSError as error:  # stdout cannot be written; Hydra would print its own traceback
            self.unwritten = error
            raise KeyboardInterrupt from None
        if self.codes[-1] == run.INTERRUPTED:
            raise KeyboardInterrupt
        return self.codes[-1]

    def _execute(self, config: RunConfig, words: list[str]) -> int:
        """Runs one job; the CSV of a sweep has one header in all."""
        places: list[Path] = []
        one_table = format_of(config.report.format).one_table
        printed: run.Printed = "headless" if one_table and self._headed else "whole"
        printed = "nothing" if self._hidden else printed
        self._configs.append(config)
        try:
            if config.runs > 1:
                return series.measured(series.new(config), places, printed)
            code = run.execute(config, printed=printed, begun_at=places)
            sys.stdout.flush()
            return code
        finally:
            self._headed = self._headed or (one_table and bool(places))
            for number, path in enumerate(places, 1):
                numbered = (f"run {number}",) if config.runs > 1 else ()
                self._jobs.append(jobtable.Job((*words, *numbered), path))

    def print_table(self) -> None:
        """Prints the jobs side by side, if all have one report format and it is for people."""
        if not self._jobs:
            return
        if len({config.report.format for config in self._configs}) == 1:
            repeated = any(config.runs > 1 for config in self._configs)
            title = f"The sweep: {len(self._jobs)} records" if repeated else ""
            jobtable.print_table(self._jobs, self._configs[0], title, hidden=self._hidden)

    def say_interrupted(self) -> None:
        """Prints how to complete the interrupted job; those after it were not begun."""
        from bench.records.store import read

        if not self._configs or self._configs[-1].quiet:
            return
        last = self._jobs[-1].path if self._jobs else None
        begun = last and (self._configs[-1].runs > 1 or read(last).state != "complete")
        goes_on = f"python -m bench resume={last} goes on with the last job; " if begun else ""
        message = f"onpaper: interrupted: {goes_on}any jobs after it were not begun"
        print(printable(message), file=sys.stderr)

    def tidy(self) -> None:
        """Removes the files that Hydra leaves of a sweep, unless others lie there, too."""
        if self._folder is None or not self._folder.is_dir():
            return
        left = [path for path in self._folder.rglob("*") if not path.is_dir()]
        if left != [self._folder / "multirun.yaml"]:
            return
        left[0].unlink()
        emptied = [self._folder / str(number) for number in range(len(self.codes) + 1)]
        if self._folder.parent == _sweeps():
            emptied += [self._folder, self._folder.parent]
        for folder in emptied:
            with suppress(OSError):  # it is missing, or not empty
                folder.rmdir()


def _sweeps() -> Path:
    return paths.runs_dir().parent / "sweeps"


def _sweep_folder() -> str:
    """Returns the override that puts Hydra's files beside the runs, not in the working folder."""
    return f"hydra.sweep.dir={quoted(str(_sweeps() / '${now:%Y-%m-%d_%H-%M-%S}'))}"
