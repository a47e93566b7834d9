"""The types of a fleet: its jobs, their status in the engine, and their outcomes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Stage = Literal["waiting", "running", "ended", "down"]
State = Literal["complete", "failed", "interrupted", "lost", "down"]
"""How a job ended.

``complete``: the record is finished. ``failed``: the run ended with a code other than 0.
``interrupted``: the record lacks measurements and can be completed. ``lost``: the job was started
and left no record. ``down``: the engine says that the node cannot run jobs.
"""
End = tuple[int, str]
"""The exit code of a run, and its message."""


@dataclass(frozen=True)
class Job:
    """One run on one node.

    Attributes:
        name: name of the job and of its folder: the node, and what distinguishes it from others.
        node: the node's name in the engine.
        words: the run's key=value words.
        folder: folder for its record and its log.
    """

    name: str
    node: str
    words: tuple[str, ...]
    folder: Path


@dataclass(frozen=True)
class Status:
    """The engine's status of a job.

    Attributes:
        stage: its progress; ``down`` if its node cannot run it.
        code: the run's exit code; None if unknown.
        reason: short explanation by the engine or the run.
        log: file with the run's output, if any.
    """

    stage: Stage
    code: int | None = None
    reason: str = ""
    log: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes:
        name: name of the job.
        node: its node.
        state: its final state.
        code: the run's exit code; None if there was none.
        record: path of its record; None if there is none.
        reason: what went wrong.
        log: file with the run's output, if any.
    """

    name: str
    node: str
    state: State
    code: int | None = None
    record: Path | None = None
    reason: str = ""
    log: Path | None = None


class Engine(Protocol):
    """An existing scheduler, which alone decides when and in which order jobs run."""

    def nodes(self) -> Mapping[str, str]:
        """Returns all nodes, each with the reason why it cannot run jobs; empty if it can.

        Raises:
            UsageError: the engine is not available or does not answer.
        """
        ...

    def expand(self, word: str) -> list[str]:
        """Returns the node names that an expression such as ``n[01-64]`` stands for."""
        ...

    def start(self, job: Job, function: Callable[[tuple[str, ...]], End]) -> str:
        """Submits a job, to be run on its node only; returns the engine's id of the job.

        Raises:
            RefusedError: the engine rejects it.
        """
        ...

    def ask(self, tickets: Sequence[str]) -> Mapping[str, Status]:
        """Returns the status of jobs, by their ids."""
        ...

    def cancel(self, tickets: Sequence[str]) -> None:
        """Ends jobs as Ctrl-C would: their records keep the finished measurements."""
        ...

    def close(self) -> None:
        """Disconnects from the engine; whether running jobs continue depends on it."""
        ...


class RefusedError(Exception):
    """The engine rejects a job; the message says why."""
