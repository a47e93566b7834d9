"""The tools whose output is read: one word a module; what a text is taken for if none is named."""

from importlib import import_module

from bench.errors import UsageError, did_you_mean
from bench.importers.base import Importer

IMPORTERS = (
    "mamf_finder", "flagperf", "nccl_tests", "nvbandwidth", "babelstream", "nvbench", "superbench",
    "tritonbench", "pytest_benchmark", "record", "bundle",
)  # fmt: skip


def importer(word: str) -> Importer:
    """Returns the importer of this name, with ``-`` or ``_``.

    Raises:
        UsageError: there is none; the nearest is named.
    """
    name = word.lower().replace("-", "_")
    if name not in IMPORTERS:
        words = [one.replace("_", "-") for one in IMPORTERS]
        raise UsageError(f"no importer {word!r}: {did_you_mean(name.replace('_', '-'), words)}")
    made: Importer = import_module(f"bench.importers.{name}").IMPORTER
    return made


def sniffed(text: str, file: str) -> Importer:
    """Returns the importer whose tool a text looks like the output of.

    Raises:
        UsageError: it looks like no tool's, or like several tools'.
    """
    fitting = [one for one in map(importer, IMPORTERS) if one.knows(text)]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(one.key for one in fitting or map(importer, IMPORTERS))
    problem = "may be the output of several tools" if fitting else "is no output that is known"
    raise UsageError(f"{file}: {problem}; give source=, one of {names}")
