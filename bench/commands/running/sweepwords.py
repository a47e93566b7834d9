"""The overrides of a sweep: parsed, quoted for Hydra, and planned before any job begins."""

import math
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import product
from typing import TYPE_CHECKING

from bench.commands.running.planned import plan
from bench.config import as_text, choices, compose, quoted
from bench.errors import UsageError, first_line
from bench.records.model import SIZES
from bench.shapes import RunConfig

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

MOST_COMPOSED = 64
"""Sweeps of more jobs than this are checked value by value, not job by job."""
LIST = re.compile(r"\[[^][]*\]")
GRAMMAR = frozenset("([{'\"")
"""Characters of Hydra's sweep syntax, as in ``choice(...)``; without them a value is plain text."""

SWEPT = (
    "suite", "kernel", "dtype", "variant", *SIZES, "data", "seconds", "sustained.seconds",
    "precision", "margin", "chip",
)  # fmt: skip
"""Keys whose single values never contain a comma."""


def refuse_several(words: list[str]) -> None:
    """Refuses several values of a key outside a sweep.

    Raises:
        UsageError: the message says how a sweep is typed.
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
    """Returns an override of a sweep for Hydra's grammar: text, and each list of names, quoted."""
    from bench.measure.suite import NAMED

    if {*GRAMMAR, ","}.isdisjoint(word):
        return as_text(word, RunConfig)
    key, _, value = word.partition("=")
    if key not in NAMED or {"'", '"'} & set(value):
        return word
    return f"{key}={LIST.sub(lambda found: quoted(found[0]), value)}"


def planned(words: list[str]) -> list[RunConfig]:
    """Checks the jobs of a sweep and returns their configs, the first job's first.

    Of a large sweep not every job is checked, but every value once, with the first values of the
    other keys.

    Raises:
        UsageError: a key, choice or value is wrong in a job.
    """
    from bench.chips.load import catalogue

    sheets = catalogue()
    configs = [compose("run", job, RunConfig, multirun=True) for job in _jobs(_parsed(words))]
    for config in configs:
        plan(config, sheets)
    return configs


def _parsed(words: list[str]) -> list[list[str]]:
    """Returns, for each override of a sweep, the single-valued overrides that it stands for."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    parser, found = OverridesParser.create(), []
    for word in words:
        try:
            override = parser.parse_override(word)
            found.append(_alternatives(override))
        except (HydraException, OmegaConfBaseException) as error:
            why = first_line(error)
            raise UsageError(f"{word!r} cannot be read as a sweep: {why}") from None
        if override.is_sweep_override() and not found[-1]:
            _refuse_empty(word, override, words)
    return found


def _refuse_empty(word: str, override: "Override", words: list[str]) -> None:
    """Refuses an override that stands for no value, so that the sweep would have no job.

    An interval is accepted if ``hydra/sweeper=`` names a sweeper, which takes its values from it.

    Raises:
        UsageError: the message says what to write instead.
    """
    key = override.get_key_element()
    if override.is_interval_sweep():
        if any(other.startswith("hydra/sweeper=") for other in words):
            return
        raise UsageError(f"{word} is an interval: list its values, {key}=1,2")
    known = choices(key)
    if known:
        raise UsageError(f"{word} fits no {key}: there are {', '.join(known)}")
    instead = ": write its values with commas" if "glob(" in word else ""
    raise UsageError(f"{word} stands for no value{instead}")


def _alternatives(override: "Override") -> list[str]:
    """Returns the single-valued overrides that an override stands for; empty for an interval."""
    from hydra.core.override_parser.types import Glob

    key = override.get_key_element()
    value: object = override.value()
    if not override.is_sweep_override():
        return [override.input_line or ""]
    if isinstance(value, Glob):
        return [
            f"{key}={name}"
            for name in choices(key)
            if any(fnmatch(name, pattern) for pattern in value.include)
            and not any(fnmatch(name, pattern) for pattern in value.exclude)
        ]
    if not override.is_discrete_sweep():  # an interval, whose values only its sweeper knows
        return []
    return [f"{key}={text}" for text in override.sweep_string_iterator()]


def _jobs(alternatives: list[list[str]]) -> Iterator[list[str]]:
    """Yields the overrides of every job, or of enough jobs that every value occurs in one."""
    listed = [words for words in alternatives if words]
    if math.prod(map(len, listed)) <= MOST_COMPOSED:
        yield from map(list, product(*listed))
        return
    first = [words[0] for words in listed]
    yield first
    for place, words in enumerate(listed):
        for word in words[1:]:
            yield [*first[:place], word, *first[place + 1 :]]
