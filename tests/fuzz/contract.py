"""What every parser owes whoever feeds it: an answer or a clear error, soon, and never a crash."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bench.errors import DataError, Fault, OnpaperError

LONGEST = 2_500
"""Characters of one message; whoever reads it wants the place, not the input again."""
SLOW_S = 5.0
"""No input that a fuzzer makes may keep a parser longer; a slow machine needs less than a fifth."""


class BrokenError(AssertionError):
    """A parser that broke its promise: an unclear error, or one that came late."""


@dataclass(frozen=True)
class Target:
    """One parser under test.

    Attributes:
        name: its word on the command line of the fuzzer.
        form: how its inputs are changed: ``tree``, ``lines`` or ``words``.
        seeds: valid inputs, of which others are made.
        parse: reads one input and uses what it accepts; returns the faults that are told.
        documented: exceptions that it says it raises, besides those of the program.
    """

    name: str
    form: str
    seeds: Callable[[], list[bytes]]
    parse: Callable[[bytes], Iterable[Fault | str] | None]
    documented: tuple[type[Exception], ...] = ()


def held(target: Target, data: bytes) -> list[str]:
    """Feeds an input to a parser and returns what is told against it; nothing if it is accepted.

    Raises:
        BrokenError: an error is unclear, or the answer came late. Anything else is a crash.
    """
    begun = time.process_time()
    told: list[Fault | str] = []
    try:
        told = list(target.parse(data) or ())
    except DataError as error:
        told = list(error.faults) or [""]
    except Exception as error:
        if not isinstance(error, (OnpaperError, *target.documented)):
            raise
        told = [str(error)]
    took = time.process_time() - begun
    if took > SLOW_S:
        raise BrokenError(f"{target.name} took {took:.1f} s of {len(data)} bytes")
    for one in told:
        _clear(one, target.name)
    return [str(one) for one in told]


def _clear(one: Fault | str, name: str) -> None:
    if isinstance(one, Fault) and not (one.file and one.problem and one.fix):
        raise BrokenError(f"{name}: a fault without file, problem or fix: {one!r:.300}")
    _message(str(one), name)


def _message(told: str, name: str) -> None:
    if not told.strip():
        raise BrokenError(f"{name}: an empty message")
    if len(told) > LONGEST:
        raise BrokenError(f"{name}: a message of {len(told)} characters: {told[:200]!r}")
    if not told.isprintable():
        raise BrokenError(f"{name}: a message of several lines or unseen signs: {told[:300]!r}")
    if "Traceback" in told:
        raise BrokenError(f"{name}: a stack is told: {told[:300]!r}")
