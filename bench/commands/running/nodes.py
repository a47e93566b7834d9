"""Runs a suite on each of many nodes: Hydra expands the sweep into jobs, an engine runs them."""

import datetime as dt
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import paths
from bench.commands import run
from bench.commands.printed import printed
from bench.commands.running.sweepwords import as_typed, planned
from bench.config import checked, folder, is_hydra, positive, quoted, register
from bench.errors import OnpaperError, UsageError, did_you_mean
from bench.shapes import RunConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.launch.model import Engine, Outcome
    from bench.launch.plan import Plan

LAUNCHER = "hydra/launcher"
ALONGSIDE = ("resume", "report", "quiet")
"""Keys that may change when a fleet is resumed, besides Hydra's."""


def wanted(words: list[str]) -> bool:
    """Returns whether a sweep runs on a fleet of nodes, and not in this process.

    Raises:
        UsageError: several nodes are named without a launcher that reaches them.
    """
    from bench.launch.plugin import ENGINES

    values = _values(words)
    if "resume" in values or values.get(LAUNCHER) in ENGINES:
        return True
    if {",", "["} & set(values.get("node", "")) and LAUNCHER not in values:
        engines = " or ".join(f"{LAUNCHER}={one}" for one in ENGINES)
        raise UsageError(f"node={values['node'][:80]}: this machine is one node; give {engines}")
    return False


def fleet(words: list[str]) -> int:
    """Runs the jobs that have no finished record, prints how all ended, returns the exit code.

    0: every record is complete and no measurement failed. 1: otherwise. 130: interrupted.
    """
    from bench.launch.jobs import jobs
    from bench.launch.plan import begin, load, locked
    from bench.launch.table import report
    from bench.launch.watch import Fleet

    values = _values(words)
    plan = load(values["resume"].strip("'\"")) if "resume" in values else None
    with ExitStack() as locks:
        if plan:
            locks.enter_context(locked(plan))
            words = _resumed_words(plan, words)
        words = [one for one in checked("run", words, RunConfig) if not one.startswith("resume=")]
        words, engine, config, poll_s = _prepared(words)
        if plan is None:
            planned_words = [one for one in words if not one.startswith("out=")]
            plan = begin(_place(config.out), planned_words)
            locks.enter_context(locked(plan))
        nodes = Fleet(engine, plan, on_node, _printer(quiet=config.quiet), poll_s)
        outcomes, interrupted = nodes.run(jobs(_combinations(words), plan.folder))
    printed(report(plan, outcomes), config.report.format)
    return run.INTERRUPTED if interrupted else _code(outcomes)


def on_node(words: tuple[str, ...]) -> tuple[int, str]:
    """Runs one job on its node; returns its exit code and a message.

    A time limit (SIGUSR2) ends it like Ctrl-C, so that its record keeps what was measured.
    """
    signal.signal(signal.SIGUSR2, signal.default_int_handler)
    try:
        return run.main(list(words)), ""
    except OnpaperError as error:
        print(f"onpaper: {error}", file=sys.stderr)
        return error.exit_code, str(error).partition("\n")[0]
    except KeyboardInterrupt:
        return run.INTERRUPTED, "ended before anything was measured"


def _values(words: list[str]) -> dict[str, str]:
    """Returns the value of each key."""
    pairs = (word.partition("=") for word in words)
    return {key: value for key, _, value in pairs}


def _resumed_words(plan: "Plan", words: list[str]) -> list[str]:
    """Returns the words of a resumed fleet, with the new values of keys that may change.

    Raises:
        UsageError: a key is given that can no longer change.
    """
    values = _values(words)
    fixed = [key for key in values if key not in ALONGSIDE and not is_hydra(key)]
    if fixed:
        raise UsageError(f"resume= uses the fleet's own settings: leave out {fixed[0]}=")
    return [one for one in plan.words if one.partition("=")[0] not in values] + words


def _prepared(words: list[str]) -> "tuple[list[str], Engine, RunConfig, float]":
    """Returns the words with all nodes named, the engine, the first job's config, the poll time.

    The poll time is in s.

    Raises:
        UsageError: no node is named, one is unknown, or any word is wrong.
    """
    from bench.launch.plugin import ENGINES

    values = _values(words)
    if values.get(LAUNCHER) not in ENGINES:
        raise UsageError(f"give {LAUNCHER}=, one of {', '.join(ENGINES)}")
    if "node" not in values:
        raise UsageError("on which nodes? give node=all, or their names: node=n01,n02")
    if "," in values.get("out", ""):
        raise UsageError(f"out={values['out'][:80]}: a fleet has one folder, without a comma")
    rest = [one for one in words if not one.startswith("node=")]
    rest = [as_typed(one) for one in rest]
    configs = planned(rest)
    if any(config.runs > 1 for config in configs):
        raise UsageError("runs= is for one machine: each job of a fleet makes one record")
    params = _params([one for one in rest if is_hydra(one)])
    poll_s = positive("hydra.launcher.poll_s", float(params.pop("poll_s")), 600)
    engine = ENGINES[values[LAUNCHER]](params)
    names = _node_names(engine, values["node"].strip("'\""))
    return [*rest, f"node={','.join(names)}"], engine, configs[0], poll_s


def _node_names(engine: "Engine", word: str) -> list[str]:
    """Returns the nodes that ``node=`` names; refuses an unknown one."""
    known = engine.nodes()
    if word == "all":
        if not known:
            raise UsageError("node=all: there are no nodes")
        return sorted(known)
    names = list(dict.fromkeys(engine.expand(word)))
    for name in names:
        if name not in known:
            raise UsageError(f"no node {name[:80]!r}: {did_you_mean(name, known)}")
    return names


def _params(words: list[str]) -> dict[str, Any]:
    """Returns the values of ``hydra.launcher.*`` by key."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from omegaconf import OmegaConf

    with initialize_config_dir(str(paths.data_dir("configs")), version_base="1.3"):
        config = hydra_compose("run", words, return_hydra_config=True)
    launcher: Any = OmegaConf.to_container(config.hydra.launcher, resolve=True)
    return {key: value for key, value in launcher.items() if key != "_target_"}


def _place(out: str | None) -> Path:
    if out:
        return folder(out)
    return paths.runs_dir() / f"fleet-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}"


def _combinations(words: list[str]) -> list[list[str]]:
    """Returns the words of each job, as Hydra's sweeper passes them to its launcher."""
    import hydra

    from bench.launch.plugin import register as register_launcher

    made: list[list[str]] = []
    register()
    register_launcher(lambda jobs: made.extend(map(list, jobs)))
    with tempfile.TemporaryDirectory() as place:
        before = sys.argv
        sys.argv = ["python -m bench run", "-m", f"hydra.sweep.dir={quoted(place)}", *words]
        try:
            hydra.main(str(paths.data_dir("configs")), "run", "1.3")(_never)()
        finally:
            sys.argv = before
    return made


def _never(_config: object) -> None:
    """Takes the place of the task, which runs on the nodes and not here."""


def _printer(*, quiet: bool) -> "Callable[[str], None]":
    """Returns a function that prints a line on stderr, unless ``quiet``."""
    from bench.report.text.markup import one_line

    def say(line: str) -> None:
        if not quiet:
            print(one_line(line), file=sys.stderr, flush=True)

    return say


def _code(outcomes: "list[Outcome]") -> int:
    return 0 if all(one.state == "complete" for one in outcomes) else 1
