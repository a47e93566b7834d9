"""The plan of a fleet, stored in its folder, so that an incomplete fleet can be resumed.

``fleet.jsonl`` has the words of the sweep on its first line, and below it how each job ended. No
record has a name like this, so the folder can be read as a folder of records.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import DataError, UsageError
from bench.files.atomic import replace, writing
from bench.launch.model import Outcome
from bench.measure.recordfile import RecordFile
from bench.records.model import Record
from bench.records.store import read

FILE = "fleet.jsonl"
LOCK = ".fleet.lock"


@dataclass(frozen=True)
class Plan:
    """A fleet's folder and the words of the sweep from which its jobs are made."""

    folder: Path
    words: tuple[str, ...]


def begin(folder: Path, words: Sequence[str]) -> Plan:
    """Creates a new fleet: writes its plan to its folder and returns it.

    Raises:
        UsageError: the folder has a fleet already, or cannot be written to.
    """
    file = folder / FILE
    if file.exists():
        raise UsageError(
            f"out={folder} holds a fleet already: run -m resume={folder} completes it, "
            "another out= begins a new one"
        )
    plan = Plan(folder.absolute(), tuple(words))
    with writing(f"out={folder}"):
        plan.folder.mkdir(parents=True, exist_ok=True)
        save(plan, ())
    return plan


def load(folder: str) -> Plan:
    """Returns the plan of an existing fleet in a folder.

    Raises:
        UsageError: there is none, or it cannot be read.
    """
    file = Path(folder) / FILE
    try:
        first = file.read_text(encoding="utf-8").partition("\n")[0]
        words: Any = json.loads(first)["words"]
    except FileNotFoundError:
        raise UsageError(
            f"resume={folder}: with -m it is the folder of a fleet, and there is no {file}; "
            "for one record leave out -m"
        ) from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{file} cannot be read: {error}; begin a new fleet") from None
    if not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
        raise UsageError(f"{file} does not list the words of a sweep: begin a new fleet")
    return Plan(Path(folder).absolute(), tuple(words))


@contextmanager
def locked(plan: Plan) -> Iterator[None]:
    """Locks a fleet's folder against a second launcher, which would start its jobs again.

    Raises:
        UsageError: another launcher has locked it.
    """
    lock_file = plan.folder / LOCK
    with suppress(OSError):  # without the file there is no lock, as on systems without locks
        lock_file.touch()
    lock = RecordFile(lock_file)
    if not lock.take():
        raise UsageError(
            f"{plan.folder} is a fleet under way: wait for the launcher that has it, or end it"
        )
    try:
        yield
    finally:
        lock.release()


def completed_before(plan: Plan) -> frozenset[str]:
    """Returns the names of the jobs that were complete when the plan was last saved."""
    try:
        lines = (plan.folder / FILE).read_text(encoding="utf-8").splitlines()[1:]
        outcomes = [json.loads(line) for line in lines]
    except (OSError, ValueError):
        return frozenset()
    jobs = [
        outcome
        for outcome in outcomes
        if isinstance(outcome, dict) and outcome.get("state") == "complete"
    ]
    return frozenset(str(outcome.get("job")) for outcome in jobs)


def save(plan: Plan, outcomes: Iterable[Outcome]) -> None:
    """Writes the plan and its jobs' outcomes atomically."""
    lines = [json.dumps({"words": plan.words})]
    lines += [json.dumps(outcome_row(plan, outcome)) for outcome in outcomes]
    replace(plan.folder / FILE, "\n".join(lines) + "\n")


def outcome_row(plan: Plan, outcome: Outcome) -> dict[str, str | int | None]:
    """Returns an outcome as a flat row, with paths relative to the fleet's folder."""
    return {
        "job": outcome.name,
        "node": outcome.node,
        "state": outcome.state,
        "exit_code": outcome.code,
        "record": relative_path(plan, outcome.record),
        "reason": outcome.reason,
        "log": relative_path(plan, outcome.log),
    }


def relative_path(plan: Plan, path: Path | None) -> str | None:
    """Returns a path relative to the fleet's folder if it lies in it, otherwise as it is."""
    if path is None:
        return None
    inside = path.is_relative_to(plan.folder)
    return path.relative_to(plan.folder).as_posix() if inside else str(path)


def latest_record(folder: Path) -> tuple[Path, Record] | None:
    """Returns path and content of the newest readable record in a job's folder; None without."""
    for path in sorted(folder.glob("*/*.json"), key=lambda one: one.stem, reverse=True):
        try:
            return path, read(path)
        except (DataError, UsageError):
            continue
    return None


def is_one_of_several(record: Record) -> bool:
    """Tells whether a record is one of several of its job (each device alone, then all at once).

    Such a record does not show whether the others exist, and its run cannot be resumed.
    """
    return "group" in record.settings
