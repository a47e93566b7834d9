"""What a fleet was asked for, in its folder, so that what is missing can be had later.

``fleet.jsonl`` holds the words of the sweep on its first line and how each job ended below; no
record is called like it, so that a folder of records stays one.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.atomic import replace
from bench.errors import DataError, UsageError
from bench.launch.model import Outcome
from bench.measure.recordfile import RecordFile
from bench.records.model import Record
from bench.records.store import read

FILE = "fleet.jsonl"
LOCK = ".fleet.lock"


@dataclass(frozen=True)
class Plan:
    """A fleet's folder and the words that its jobs are made of."""

    folder: Path
    words: tuple[str, ...]


def begun(folder: Path, words: Sequence[str]) -> Plan:
    """Returns the plan of a new fleet, written to its folder.

    Raises:
        UsageError: there is a fleet in the folder, or it cannot be written to.
    """
    place = folder / FILE
    if place.exists():
        raise UsageError(
            f"out={folder} holds a fleet already: run -m resume={folder} completes it, "
            "another out= begins a new one"
        )
    made = Plan(folder.absolute(), tuple(words))
    try:
        made.folder.mkdir(parents=True, exist_ok=True)
        keep(made, ())
    except OSError as error:
        raise UsageError(f"out={folder} cannot be written to: {error.strerror}") from None
    return made


def known(word: str) -> Plan:
    """Returns the plan of a fleet that was begun in a folder.

    Raises:
        UsageError: there is none, or it cannot be read.
    """
    place = Path(word) / FILE
    try:
        first = place.read_text(encoding="utf-8").partition("\n")[0]
        words: Any = json.loads(first)["words"]
    except FileNotFoundError:
        raise UsageError(
            f"resume={word}: with -m it is the folder of a fleet, and there is no {place}; "
            "for one record leave out -m"
        ) from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{place} cannot be read: {error}; begin a new fleet") from None
    if not (isinstance(words, list) and all(isinstance(one, str) for one in words)):
        raise UsageError(f"{place} tells no words: begin a new fleet")
    return Plan(Path(word).absolute(), tuple(words))


@contextmanager
def alone(plan: Plan) -> Iterator[None]:
    """Holds a fleet's folder against a second launcher, which would start its jobs again.

    Raises:
        UsageError: another has it.
    """
    place = plan.folder / LOCK
    with suppress(OSError):  # then it is held against nobody, as where no locks are known
        place.touch()
    lock = RecordFile(place)
    if not lock.take():
        raise UsageError(
            f"{plan.folder} is a fleet under way: wait for the launcher that has it, or end it"
        )
    try:
        yield
    finally:
        lock.release()


def done_before(plan: Plan) -> frozenset[str]:
    """Returns the names of the jobs that were complete when the fleet was last asked."""
    try:
        lines = (plan.folder / FILE).read_text(encoding="utf-8").splitlines()[1:]
        told = [json.loads(line) for line in lines]
    except (OSError, ValueError):
        return frozenset()
    jobs = [one for one in told if isinstance(one, dict) and one.get("state") == "complete"]
    return frozenset(str(one.get("job")) for one in jobs)


def keep(plan: Plan, outcomes: Iterable[Outcome]) -> None:
    """Writes the plan and how its jobs ended, so that a reader sees the old file or the new one."""
    lines = [json.dumps({"words": plan.words})]
    lines += [json.dumps(told(plan, one)) for one in outcomes]
    replace(plan.folder / FILE, "\n".join(lines) + "\n")


def told(plan: Plan, one: Outcome) -> dict[str, str | int | None]:
    """Returns an outcome as numbers and texts, with paths as seen from the fleet's folder."""
    return {
        "job": one.name,
        "node": one.node,
        "state": one.state,
        "exit_code": one.code,
        "record": shown(plan, one.record),
        "reason": one.reason,
        "log": shown(plan, one.log),
    }


def shown(plan: Plan, path: Path | None) -> str | None:
    """Returns a path as seen from the fleet's folder, where it lies in it."""
    if path is None:
        return None
    inside = path.is_relative_to(plan.folder)
    return path.relative_to(plan.folder).as_posix() if inside else str(path)


def latest(folder: Path) -> tuple[Path, Record] | None:
    """Returns the newest record of a job's folder, None where there is none to be read."""
    for path in sorted(folder.glob("*/*.json"), key=lambda one: one.stem, reverse=True):
        try:
            return path, read(path)
        except (DataError, UsageError):
            continue
    return None


def is_of_several(record: Record) -> bool:
    """Tells whether a record is one of many of its job, of each device alone and all at once.

    It does not tell whether the others are there, nor can its run be resumed.
    """
    return "group" in record.settings
