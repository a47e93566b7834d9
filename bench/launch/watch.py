"""Submits the jobs of a fleet to its engine, waits for them, and reports how each ended."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bench.config import quoted
from bench.errors import UsageError
from bench.launch.model import End, Engine, Job, Outcome, RefusedError, State, Status
from bench.launch.plan import Plan, completed_before, is_one_of_several, latest_record, save
from bench.measure.resume import is_finished
from bench.records.failures import failures
from bench.records.model import Record

INTERRUPTED = 130
"""Exit code of an interrupted run."""
STATE_WITHOUT_RECORD: Mapping[int | None, State] = {None: "lost", INTERRUPTED: "interrupted"}
"""Final state of a job without a record, by exit code."""
CANCEL_S = 60.0
"""Time to wait for cancelled jobs, s; Slurm kills them after 30 s."""

MAX_UNANSWERED = 60
"""Consecutive unanswered queries before giving up: a busy engine lets queries time out."""


@dataclass(frozen=True)
class Fleet:
    """A running fleet.

    Attributes:
        engine: the scheduler that runs the jobs.
        plan: the fleet's folder and words.
        function: function to run on a node, with the words of a run; it must be importable there.
        tell: called with one line for each change.
        poll_s: time between two queries to the engine, s.
    """

    engine: Engine
    plan: Plan
    function: Callable[[tuple[str, ...]], End]
    tell: Callable[[str], None] = lambda _status_line: None
    poll_s: float = 5.0

    def run(self, jobs: Sequence[Job]) -> tuple[list[Outcome], bool]:
        """Runs all jobs without a finished record; returns all outcomes, and whether interrupted.

        Each job is recorded in the plan's file when it ends, so a fleet whose launcher died can be
        resumed like any other.
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
    """The state of each job of a running fleet."""

    def __init__(self, fleet: Fleet, jobs: dict[str, Job]) -> None:
        self._fleet, self._jobs = fleet, jobs
        self._tickets: dict[str, str] = {}
        self._stages: dict[str, str] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._completed_before = completed_before(fleet.plan)
        self._unanswered = 0

    def outcomes(self) -> list[Outcome]:
        """Returns the jobs' outcomes, in order; jobs never started count as interrupted."""
        return [
            self._outcomes.get(name) or outcome(job, Status("ended", reason="not waited for"))
            for name, job in self._jobs.items()
        ]

    def start(self) -> None:
        """Starts every job without a finished record whose node can run it."""
        node_problems = self._fleet.engine.nodes()
        for name, job in self._jobs.items():
            found = latest_record(job.folder)
            if found and self._is_finished(name, found[1]):
                self._finish(name, Status("ended", 1 if any(failures(found[1])) else 0))
            elif reason := node_problems.get(job.node, "the engine does not know it"):
                self._finish(name, Status("down", reason=reason))
            else:
                self._start(job)
        self._save()

    def _is_finished(self, name: str, record: Record) -> bool:
        return name in self._completed_before if is_one_of_several(record) else is_finished(record)

    def _start(self, job: Job) -> None:
        words = (*_run_words(job), "quiet=true")
        try:
            job.folder.mkdir(parents=True, exist_ok=True)
            ticket = self._fleet.engine.start(
                Job(job.name, job.node, words, job.folder), self._fleet.function
            )
        except (RefusedError, OSError) as error:
            self._finish(job.name, Status("ended", reason=f"not started: {error}"))
            return
        self._tickets[job.name] = ticket
        self._report(job.name, f"handed over as job {ticket}")

    def wait(self, limit_s: float | None = None) -> None:
        """Polls the engine until every job has ended or the time limit is reached."""
        until_s = time.monotonic() + limit_s if limit_s is not None else float("inf")
        while self._tickets and time.monotonic() < until_s:
            self._poll()
            if self._tickets:
                time.sleep(self._fleet.poll_s)

    def end(self) -> None:
        """Cancels running jobs and waits for their records."""
        self._fleet.tell("interrupted: ending the jobs that still run; what they measured is kept")
        with suppress(KeyboardInterrupt):
            self._fleet.engine.cancel(list(self._tickets.values()))
            self.wait(CANCEL_S)

    def _poll(self) -> None:
        try:
            statuses = self._fleet.engine.ask(list(self._tickets.values()))
        except UsageError as error:
            self._unanswered += 1
            if self._unanswered > MAX_UNANSWERED:
                raise
            self._fleet.tell(f"{error}: asking again")
            return
        self._unanswered = 0
        for name, ticket in list(self._tickets.items()):
            status = statuses.get(ticket, Status("ended", reason="the engine no longer knows it"))
            if status.stage in ("ended", "down"):
                del self._tickets[name]
                self._finish(name, status)
            elif self._stages.get(name) != (line := _status_line(status)):
                self._stages[name] = line
                self._report(name, line)
        self._save()

    def _finish(self, name: str, status: Status) -> None:
        result = outcome(self._jobs[name], status)
        self._outcomes[name] = result
        self._report(name, f"{result.state}{f': {result.reason}' if result.reason else ''}")

    def _save(self) -> None:
        save(self._fleet.plan, self._outcomes.values())

    def _report(self, name: str, line: str) -> None:
        self._fleet.tell(f"{name}: {line}")


def _status_line(status: Status) -> str:
    return f"{status.stage}{f': {status.reason}' if status.reason else ''}"


def _run_words(job: Job) -> tuple[str, ...]:
    """Returns the words of a job's run, which is new or resumes its record."""
    out = f"out={quoted(str(job.folder))}"
    found = latest_record(job.folder)
    if found is None or is_one_of_several(found[1]):
        return (*(word for word in job.words if not word.startswith("quiet=")), out)
    report = (word for word in job.words if word.startswith("report="))
    return (f"resume={quoted(str(found[0]))}", out, *report)


def outcome(job: Job, status: Status) -> Outcome:
    """Returns a job's outcome from the engine's status and its record."""
    if status.stage == "down":
        return Outcome(job.name, job.node, "down", reason=status.reason)
    path, record = latest_record(job.folder) or (None, None)
    state, reason = _state(record, status)
    return Outcome(job.name, job.node, state, status.code, path, reason, status.log)


def _state(record: Record | None, status: Status) -> tuple[State, str]:
    """Returns a job's final state and the reason."""
    is_error = status.code not in (None, 0, 1, INTERRUPTED)
    if record is None:
        state: State = STATE_WITHOUT_RECORD.get(status.code, "failed")
        return state, status.reason or "left no record: see its log"
    if is_one_of_several(record):
        return _state_of_several(status)
    if is_finished(record):
        problems = "; ".join(failures(record))
        return ("failed" if problems else "complete"), problems
    if is_error:
        return "failed", status.reason
    return "interrupted", "; ".join(filter(None, (status.reason, "lacks measurements")))


def _state_of_several(status: Status) -> tuple[State, str]:
    """Returns the final state of a job of several devices, from its exit code, and the reason."""
    if status.code == 0:
        return "complete", ""
    if status.code in (None, INTERRUPTED):
        return "interrupted", status.reason or "resuming measures all of its devices anew"
    return "failed", status.reason or "a device or a measurement failed: see its log"
