"""The importers: what other tools print, and our own records."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from bench.importers.base import Given
from bench.importers.registry import IMPORTERS, importer, sniffed
from bench.importers.source import text_of
from bench.importers.write import as_yaml, report
from tests.fuzz.contract import Target
from tests.fuzz.places import DATA, folder, put, records

GIVEN = Given(file="log", chip="nvidia-h20-sxm-96gb", by="A. Tester", dtype=None, date="2026-11")
CHIPS = {"flagperf": "nvidia-a800-sxm-80gb"}
"""The chip of a tool's outputs here, where they name another."""


def _imported(name: str, data: bytes) -> None:
    text, _ = text_of(str(put(folder("imports") / "log", data)))
    tool = importer(name)
    tool.knows(text)
    given = replace(GIVEN, chip=CHIPS.get(name, GIVEN.chip))
    as_yaml(report(tool.read(text, given), tool, given))


def _sniffed(data: bytes) -> None:
    text, name = text_of(str(put(folder("imports") / "log", data)))
    sniffed(text, name)


def _outputs(stem: str) -> list[bytes]:
    if stem == "record":  # what a fake device's would be, if it were a real one's
        return [one.replace(b'"fake"', b'"cuda"') for one in records()[:2]]
    own = stem.partition("_")[0]
    return [one.read_bytes() for one in sorted((DATA / "importers").glob(f"{own}*"))]


def _importers() -> Iterator[Target]:
    for name in IMPORTERS:
        form = "tree" if name in ("pytest_benchmark", "record") else "lines"
        yield Target(
            f"import-{name.replace('_', '-')}",
            form,
            partial(_outputs, name),
            partial(_imported, name),
        )


def _every_output() -> list[bytes]:
    return [one.read_bytes() for one in sorted((DATA / "importers").iterdir())]


OUTPUTS = (Target("import", "lines", _every_output, _sniffed), *_importers())
