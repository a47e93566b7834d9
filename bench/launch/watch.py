"""Hands the jobs of a fleet to its engine, waits for them, and says how each ended."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bench.config import quoted
from bench.errors import UsageError
from bench.launch.model import End, Engine, Job, Outcome, RefusedError, State, Status
from bench.launch.plan import Plan, done_before, is_of_several, keep, latest
from bench.measure.resume import is_finished
from bench.records.failures import failures
from bench.records.model import Record

INTERRUPTED = 130
WITHOUT_RECORD: Mapping[int | None, State] = {None: "lost", INTERRUPTED: "interrupted"}
CANCEL_S = 60.0
"""Time to wait for cancelled jobs; Slurm kills them after 30 s."""

PATIENCE = 60
"""Unanswered queries in a row before giving up: those of a busy engine time out."""


@dataclass(frozen=True)
class Fleet:
    """A fleet under way.

    Attributes:
        engine: who runs the jobs.
        plan: where they leave what they made.
        function: what is run on a node, with the words of a run; it has to be importable there.
        tell: is told each change, a line each.
        poll_s: seconds between two questions to the engine.
    """

    engine: Engine
    plan: Plan
    function: Callable[[tuple[str, ...]], End]
    tell: Callable[[str], None] = lambda _line: None
    poll_s: float = 5.0

    def run(self, jobs: Sequence[Job]) -> tuple[list[Outcome], bool]:
        """Runs what has no finished record; returns all outcomes, and whether it was interrupted.

        Every job is in the plan's file once it has ended, so that a fleet whose launcher died
        can be resumed like any other.
        """
        watch = _Watch(self, {job.name: job for job in jobs})
        try:
            watch.start()
            watch.wait()
        except KeyboardInterrupt:
            watch.end()
            return watch.outcomes(), True
        finally:
            self.engine.close()
        return watch.outcomes(), False


class _Watch:
    """The state of each job."""

    def __init__(self, fleet: Fleet, jobs: dict[str, Job]) -> None:
        self._fleet, self._jobs = fleet, jobs
        self._tickets: dict[str, str] = {}
        self._stages: dict[str, str] = {}
        self._done: dict[str, Outcome] = {}
        self._before = done_before(fleet.plan)
        self._unanswered = 0

    def outcomes(self) -> list[Outcome]:
        """Returns the jobs' outcomes, in order; jobs never started count as interrupted."""
        return [
            self._done.get(name) or outcome(job, Status("ended", reason="not waited for"))
            for name, job in self._jobs.items()
        ]

    def start(self) -> None:
        """Starts every job without a finished record whose node can run it."""
        trouble = self._fleet.engine.nodes()
        for name, job in self._jobs.items():
            found = latest(job.folder)
            if found and self._is_finished(name, found[1]):
                self._ended(name, Status("ended", 1 if any(failures(found[1])) else 0))
            elif reason := trouble.get(job.node, "the engine does not know it"):
                self._ended(name, Status("down", reason=reason))
            else:
                self._start(job)
        self._keep()

    def _is_finished(self, name: str, record: Record) -> bool:
        return name in self._before if is_of_several(record) else is_finished(record)

    def _start(self, job: Job) -> None:
        words = (*_words(job), "quiet=true")
        try:
            job.folder.mkdir(parents=True, exist_ok=True)
            ticket = self._fleet.engine.start(
                Job(job.name, job.node, words, job.folder), self._fleet.function
            )
        except (RefusedError, OSError) as error:
            self._ended(job.name, Status("ended", reason=f"not started: {error}"))
            return
        self._tickets[job.name] = ticket
        self._say(job.name, f"handed over as job {ticket}")

    def wait(self, most_s: float | None = None) -> None:
        """Polls the engine until every job has ended, or a time limit."""
        until_s = time.monotonic() + most_s if most_s is not None else float("inf")
        while self._tickets and time.monotonic() < until_s:
            self._ask()
            if self._tickets:
                time.sleep(self._fleet.poll_s)

    def end(self) -> None:
        """Cancels running jobs and waits for their records."""
        self._fleet.tell("interrupted: ending the jobs that still run; what they measured is kept")
        with suppress(KeyboardInterrupt):
            self._fleet.engine.cancel(list(self._tickets.values()))
            self.wait(CANCEL_S)

    def _ask(self) -> None:
        try:
            told = self._fleet.engine.ask(list(self._tickets.values()))
        except UsageError as error:
            self._unanswered += 1
            if self._unanswered > PATIENCE:
                raise
            self._fleet.tell(f"{error}: asking again")
            return
        self._unanswered = 0
        for name, ticket in list(self._tickets.items()):
            status = told.get(ticket, Status("ended", reason="the engine no longer knows it"))
            if status.stage in ("ended", "down"):
                del self._tickets[name]
                self._ended(name, status)
            elif self._stages.get(name) != (line := _line(status)):
                self._stages[name] = line
                self._say(name, line)
        self._keep()

    def _ended(self, name: str, status: Status) -> None:
        made = outcome(self._jobs[name], status)
        self._done[name] = made
        self._say(name, f"{made.state}{f': {made.reason}' if made.reason else ''}")

    def _keep(self) -> None:
        keep(self._fleet.plan, self._done.values())

    def _say(self, name: str, line: str) -> None:
        self._fleet.tell(f"{name}: {line}")


def _line(status: Status) -> str:
    return f"{status.stage}{f': {status.reason}' if status.reason else ''}"


def _words(job: Job) -> tuple[str, ...]:
    """Returns the words of a job's run, new or resuming its record."""
    out = f"out={quoted(str(job.folder))}"
    found = latest(job.folder)
    if found is None or is_of_several(found[1]):
        return (*(word for word in job.words if not word.startswith("quiet=")), out)
    report = (word for word in job.words if word.startswith("report="))
    return (f"resume={quoted(str(found[0]))}", out, *report)


def outcome(job: Job, status: Status) -> Outcome:
    """Returns a job's outcome from the engine's status and its record."""
    if status.stage == "down":
        return Outcome(job.name, job.node, "down", reason=status.reason)
    path, record = latest(job.folder) or (None, None)
    state, reason = _state(record, status)
    return Outcome(job.name, job.node, state, status.code, path, reason, status.log)


def _state(record: Record | None, status: Status) -> tuple[State, str]:
    """Returns a job's final state, and the reason."""
    refused = status.code not in (None, 0, 1, INTERRUPTED)
    if record is None:
        state: State = WITHOUT_RECORD.get(status.code, "failed")
        return state, status.reason or "left no record: see its log"
    if is_of_several(record):
        return _of_several(status)
    if is_finished(record):
        told = "; ".join(failures(record))
        return ("failed" if told else "complete"), told
    if refused:
        return "failed", status.reason
    return "interrupted", "; ".join(filter(None, (status.reason, "lacks measurements")))


def _of_several(status: Status) -> tuple[State, str]:
    """Returns how a job of several devices ended, of which its exit code tells."""
    if status.code == 0:
        return "complete", ""
    if status.code in (None, INTERRUPTED):
        return "interrupted", status.reason or "resuming measures all of its devices anew"
    return "failed", status.reason or "a device or a measurement failed: see its log"
