"""The tools whose output can be imported, one module each, and the detection of a tool."""

from importlib import import_module

from bench.errors import UsageError, did_you_mean
from bench.importers.base import Importer

IMPORTERS = (
    "mamf_finder", "flagperf", "nccl_tests", "nvbandwidth", "babelstream", "nvbench", "superbench",
    "tritonbench", "bench_serving", "pytest_benchmark", "record", "bundle",
)  # fmt: skip


def importer(name: str) -> Importer:
    """Returns the importer with this name, written with ``-`` or ``_``.

    Raises:
        UsageError: there is none; the message suggests the nearest name.
    """
    module_name = name.lower().replace("-", "_")
    if module_name not in IMPORTERS:
        names = [key.replace("_", "-") for key in IMPORTERS]
        raise UsageError(
            f"no importer {name!r}: {did_you_mean(module_name.replace('_', '-'), names)}"
        )
    found: Importer = import_module(f"bench.importers.{module_name}").IMPORTER
    return found


def detect(text: str, file: str) -> Importer:
    """Returns the importer that recognises a text.

    Raises:
        UsageError: no importer, or more than one, recognises it.
    """
    matches = [candidate for candidate in map(importer, IMPORTERS) if candidate.recognises(text)]
    if len(matches) == 1:
        return matches[0]
    names = ", ".join(candidate.key for candidate in matches or map(importer, IMPORTERS))
    problem = "may be the output of several tools" if matches else "is no output that is known"
    raise UsageError(f"{file}: {problem}; give source=, one of {names}")
