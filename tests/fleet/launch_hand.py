"""An engine for tests of fleets, whose jobs run in the test's own process, and what it leaves."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.__main__ import main
from bench.launch.model import End, Job, RefusedError, Status
from bench.records.store import read, write

WORDS = ("device=fake", "chip=h20", "kernel=memory")
NODES = {"n1": "", "n2": "", "n3": ""}


class Hand:
    """An engine whose jobs run in this process, one when it is asked; trouble is made by hand.

    Attributes:
        made: all jobs that were started, of all hands.
        deaths: jobs that end without a word, and what is said of them.
        stuck: nodes whose jobs never end by themselves.
    """

    made: list[Job]
    known: Mapping[str, str]
    deaths: Mapping[str, Status]
    stuck: tuple[str, ...]
    refused: tuple[str, ...]

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.ends: dict[str, Status] = {}
        self.waiting: dict[str, tuple[Job, Callable[[tuple[str, ...]], End]]] = {}
        self.asked = 0

    def nodes(self) -> Mapping[str, str]:
        return self.known

    def expand(self, word: str) -> list[str]:
        return word.split(",")

    def start(self, job: Job, function: Callable[[tuple[str, ...]], End]) -> str:
        if job.node in self.refused:
            raise RefusedError("over quota")
        self.made.append(job)
        self.waiting[f"7{len(self.waiting)}"] = job, function
        return f"7{len(self.waiting) - 1}"

    def ask(self, tickets: Sequence[str]) -> Mapping[str, Status]:
        self.asked += 1
        for ticket in tickets:
            job, function = self.waiting[ticket]
            if job.node in self.deaths:
                self.ends[ticket] = self.deaths[job.node]
            elif job.node not in self.stuck and ticket not in self.ends:
                self.ends[ticket] = Status("ended", *function(job.words))
                break
        if self.stuck and self.asked > 3:
            raise KeyboardInterrupt
        return {one: self.ends.get(one, Status("running")) for one in tickets}

    def cancel(self, tickets: Sequence[str]) -> None:
        self.stuck = ()
        self.ends |= {one: Status("ended", 130, "cancelled") for one in tickets}

    def close(self) -> None:
        self.waiting = {}


def own_hand() -> type[Hand]:
    """An engine that has run nothing yet and whose nodes are all up."""

    class Own(Hand):
        made, known, deaths, stuck, refused = [], NODES, {}, (), ()

    return Own


def launched(*words: str) -> int:
    return main(["run", "-m", "hydra/launcher=slurm", "hydra.launcher.poll_s=0.001", *words])


def ended(folder: Path) -> dict[str, dict[str, Any]]:
    """How the jobs of a fleet ended, as its file says."""
    lines = (folder / "fleet.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    return {one["job"]: one for one in map(json.loads, lines)}


def fleet_table(text: str) -> dict[str, list[str]]:
    """The cells of the fleet's table, by node; above it stand the reports of the runs."""
    lines = text.partition("**Fleet")[2].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    return {row[0]: row[1:] for row in rows[2:]}


def torn(path: Path) -> None:
    """Makes a record one that was interrupted before its last measurement."""
    whole = read(path)
    kept = {"state": "interrupted", "measurements": whole.measurements[:-1]}
    write(whole.model_copy(update=kept), path)
