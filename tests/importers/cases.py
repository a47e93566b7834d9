"""What tests of importers share: outputs of tools, and what is found in them."""

from dataclasses import replace

from bench import paths
from bench.evidence.model import Reported
from bench.importers.base import Imported, Stated
from bench.importers.registry import importer
from tests import folders

# The values of nvbench.json are invented, and those of the second node of superbench.jsonl; the
# first is a part of microsoft/superbenchmark, tests/analyzer/test_results.jsonl. Of tritonbench the
# column of triton_tma_persistent_matmul is from its pull request 894, the rest is invented,
# as are the values of bench-serving.
DATA = folders.DATA / "importers"
SOURCES = {
    "babelstream.csv": "babelstream", "babelstream.txt": "babelstream",
    "flagperf-benchmark.md": "flagperf", "flagperf-toolkit.md": "flagperf",
    "flagperf-training.md": "flagperf", "mamf-v2.txt": "mamf-finder",
    "mamf-v4.txt": "mamf-finder", "nccl.json": "nccl-tests", "nccl.txt": "nccl-tests",
    "nvbench.json": "nvbench", "superbench.jsonl": "superbench",
    "nvbandwidth.json": "nvbandwidth", "nvbandwidth.txt": "nvbandwidth",
    "pytest-benchmark.json": "pytest-benchmark",
    "tritonbench.csv": "tritonbench", "tritonbench.json": "tritonbench",
    "tritonbench.txt": "tritonbench",
    "bench-serving.json": "bench-serving", "bench-serving.jsonl": "bench-serving",
    "bench-serving.txt": "bench-serving",
}  # fmt: skip
RECORD = paths.PACKAGE.parent / "results" / "records" / "2026-11-26" / "h200-sxm-full.json"
STATED = Stated(file="log", chip="nvidia-a800-sxm-80gb", by="A. Tester", date="2026-11")
HALF = replace(STATED, dtype="fp16")
SERVED = replace(STATED, date=None, dtype="bf16", count=8, split={"tp": "8"})


def text(name: str) -> str:
    """A fixture."""
    return (DATA / name).read_text(encoding="utf-8")


def take(name: str, stated: Stated | None = None) -> Imported:
    """What the fixture's importer finds in it, given what it does not tell itself."""
    return importer(SOURCES[name]).read(text(name), stated or stated_of(name))


def stated_of(name: str) -> Stated:
    """What is stated about a fixture: what its tool never tells."""
    if SOURCES[name] == "bench-serving":
        model = "qwen2.5-72b" if name.endswith(".jsonl") else ""
        date = None if name.endswith(".json") else "2026-11"
        return replace(SERVED, date=date, model=model)
    return HALF if SOURCES[name] == "tritonbench" else STATED


def briefly(row: Reported) -> tuple[str, str | None, str, str, list[str]]:
    """The heart of a row."""
    told = [one.value for one in row.defects]
    return row.quantity, row.dtype, str(row.value), row.statistic, told
