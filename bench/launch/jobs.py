"""The jobs of a fleet: one per combination of overrides from Hydra's sweeper."""

import re
from collections.abc import Sequence
from pathlib import Path

from bench.launch.model import Job

NOT_IN_NAMES = re.compile(r"[^0-9A-Za-z._=,+-]")
"""Characters that are replaced by ``_`` in folder names."""
MAX_NAME = 100
"""Longest name of a job, characters."""


def jobs(combinations: Sequence[Sequence[str]], folder: Path) -> list[Job]:
    """Returns the jobs of a sweep, each with its own folder.

    Args:
        combinations: the key=value words of each job, one of them ``node=``.
        folder: folder of the fleet.
    """
    distinguishing = _distinguishing(combinations)
    all_jobs: list[Job] = []
    names: set[str] = set()
    for number, words in enumerate(combinations):
        node = next(word for word in words if word.startswith("node=")).partition("=")[2]
        node_name = node.strip("'\"")
        suffixes = [word for word in words if word in distinguishing]
        name = NOT_IN_NAMES.sub("_", ",".join((node_name, *suffixes)))[:MAX_NAME]
        name = f"{name},{number}" if name in names else name
        names.add(name)
        run_words = [word for word in words if word.partition("=")[0] != "out"]
        all_jobs.append(Job(name, node_name, tuple(run_words), folder / name))
    return all_jobs


def _distinguishing(combinations: Sequence[Sequence[str]]) -> set[str]:
    """Returns the words, except ``node=``, that not all jobs have in common."""
    word_sets = [set(words) for words in combinations]
    shared = set.intersection(*word_sets)
    return {word for words in word_sets for word in words - shared if not word.startswith("node=")}
