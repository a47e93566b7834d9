"""The words of a sweep: read, spelled for Hydra, and planned before any job begins."""

import math
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import product
from typing import TYPE_CHECKING

from bench.commands.planned import plan
from bench.config import as_text, choices, compose, quoted
from bench.errors import UsageError, first_line
from bench.shapes import RunConfig

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

MOST_COMPOSED = 64
"""Sweeps of more jobs are checked value by value, not job by job."""
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


def planned(told: list[str]) -> list[RunConfig]:
    """Composes and plans the jobs of a sweep; of a large one, each value beside first values.

    Returns:
        The configs of those jobs, the first job's first.

    Raises:
        UsageError: a key, choice or value that is wrong in any job.
    """
    from bench.chips.load import catalogue

    sheets = catalogue()
    configs = [compose("run", words, RunConfig, multirun=True) for words in _jobs(_parsed(told))]
    for config in configs:
        plan(config, sheets)
    return configs


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
