"""The types of a fleet: jobs, their status in the engine, and their outcomes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Stage = Literal["waiting", "running", "ended", "down"]
State = Literal["complete", "failed", "interrupted", "lost", "down"]
"""``complete``: the record is finished. ``failed``: the run ended with a code other than 0.
``interrupted``: the record lacks measurements and can be completed. ``lost``: the job was started
and left no record. ``down``: the engine says that the node can run nothing.
"""
End = tuple[int, str]
"""The exit code of a run, and its message."""


@dataclass(frozen=True)
class Job:
    """One run on one node.

    Attributes:
        name: the node, and what else tells the job from others: its folder's name.
        node: as the engine calls it.
        words: the run's key=value words.
        folder: where it leaves its record and its log.
    """

    name: str
    node: str
    words: tuple[str, ...]
    folder: Path


@dataclass(frozen=True)
class Status:
    """The engine's status of a job.

    Attributes:
        stage: how far it has got; ``down`` where its node cannot run it.
        code: the run's exit code, None where nobody saw it.
        reason: what the engine or the run says of it, in a few words.
        log: where what it printed lies, if anywhere.
    """

    stage: Stage
    code: int | None = None
    reason: str = ""
    log: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes:
        name, node: the job's.
        state: in one word.
        code: the run's exit code, None where there was none.
        record: where its record lies, None where there is none.
        reason: what went wrong.
        log: where what it printed lies.
    """

    name: str
    node: str
    state: State
    code: int | None = None
    record: Path | None = None
    reason: str = ""
    log: Path | None = None


class Engine(Protocol):
    """A scheduler that is there already; nothing here decides when or in which order jobs run."""

    def nodes(self) -> Mapping[str, str]:
        """Returns the nodes that there are, each with why it can run nothing, empty if it can.

        Raises:
            UsageError: the engine is not here, or gives no answer.
        """
        ...

    def expand(self, word: str) -> list[str]:
        """Returns the names that a word such as ``n[01-64]`` stands for."""
        ...

    def start(self, job: Job, function: Callable[[tuple[str, ...]], End]) -> str:
        """Hands a job over, to be run on its node and no other; returns the engine's name for it.

        Raises:
            RefusedError: the engine does not take it.
        """
        ...

    def ask(self, tickets: Sequence[str]) -> Mapping[str, Status]:
        """Returns the status of jobs."""
        ...

    def cancel(self, tickets: Sequence[str]) -> None:
        """Ends jobs as Ctrl-C would: their records keep what was measured."""
        ...

    def close(self) -> None:
        """Disconnects from the engine; whether running jobs continue depends on it."""
        ...


class RefusedError(Exception):
    """The engine rejects a job; the message says why."""
