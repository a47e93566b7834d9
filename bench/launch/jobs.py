"""The jobs of a fleet: one per combination of overrides from Hydra's sweeper."""

import re
from collections.abc import Sequence
from pathlib import Path

from bench.launch.model import Job

OUTSIDE = re.compile(r"[^0-9A-Za-z._=,+-]")
"""Characters replaced by ``_`` in folder names."""
LONGEST = 100


def jobs(combinations: Sequence[Sequence[str]], folder: Path) -> list[Job]:
    """Returns the jobs of a sweep, each with a folder of its own.

    Args:
        combinations: the words of each job, one of them ``node=``.
        folder: the fleet's.
    """
    apart = _apart(combinations)
    made: list[Job] = []
    taken: set[str] = set()
    for number, words in enumerate(combinations):
        node = next(word for word in words if word.startswith("node=")).partition("=")[2]
        plain = node.strip("'\"")
        more = [word for word in words if word in apart]
        name = OUTSIDE.sub("_", ",".join((plain, *more)))[:LONGEST]
        name = f"{name},{number}" if name in taken else name
        taken.add(name)
        own = [word for word in words if word.partition("=")[0] != "out"]
        made.append(Job(name, plain, tuple(own), folder / name))
    return made


def _apart(combinations: Sequence[Sequence[str]]) -> set[str]:
    """Returns the words, besides nodes, that not all jobs have."""
    every = [set(words) for words in combinations]
    shared = set.intersection(*every)
    return {word for words in every for word in words - shared if not word.startswith("node=")}
