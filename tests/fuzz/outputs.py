"""What other tools print: benchmarks, for the importers and the gate, and vendors' telemetry."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from bench import paths
from bench.chips.load import catalogue
from bench.devices.smi import TOOLS
from bench.gate.pytestfile import run_of
from bench.importers.base import Stated
from bench.importers.registry import IMPORTERS, detect, importer
from bench.importers.source import text_of
from bench.importers.write import as_yaml, report
from bench.records.store import read
from tests.fuzz.contract import BrokenError, Target
from tests.fuzz.places import DATA, folder, put, records

STATED = Stated(file="log", chip="nvidia-h20-sxm-96gb", by="A. Tester", dtype=None, date="2026-11")
DTYPES = {"tritonbench": "bf16", "bench_serving": "bf16"}
"""The number format of a tool's outputs, where they tell none."""
CHIPS = {"flagperf": "nvidia-a800-sxm-80gb", "bundle": "nvidia-h100-sxm-80gb"}
"""The chip of a tool's outputs here, where they name another."""


def _imported(name: str, data: bytes) -> None:
    text, _ = text_of(str(put(folder("imports") / "log", data)))
    tool = importer(name)
    tool.recognises(text)
    stated = replace(STATED, chip=CHIPS.get(name, STATED.chip), dtype=DTYPES.get(name))
    if name == "bench_serving":
        stated = replace(stated, count=8, model="llama-3.1-70b")
    as_yaml(report(tool.read(text, stated), tool, stated))


def _sniffed(data: bytes) -> None:
    text, name = text_of(str(put(folder("imports") / "log", data)))
    detect(text, name)


def _outputs(stem: str) -> list[bytes]:
    if stem == "record":  # what a fake device's would be, if it were a real one's
        return [one.replace(b'"fake"', b'"cuda"') for one in records()[:2]]
    if stem == "bundle":
        return _bundles()
    own = stem.partition("_")[0]
    return [one.read_bytes() for one in sorted((DATA / "importers").glob(f"{own}*"))]


def _bundles() -> list[bytes]:
    """Returns a bundle of a record of a real device."""
    from bench.bundle.pack import pack

    record = read(paths.data_dir("results") / "records" / "2026-11-25" / "h100-sxm-sparse.json")
    return [pack(record, catalogue()).text.encode()]


def _signed(data: bytes) -> None:
    """Imports a bundle whose hashes are right, whatever its parts hold: so a forger's is."""
    from bench.bundle.model import digest

    try:
        whole = json.loads(data)
        parts = {key: digest(whole[key]) for key in ("record", "environment", "sheet")}
        data = json.dumps({**whole, "sha256": parts}).encode()
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    _imported("bundle", data)


def _importers() -> Iterator[Target]:
    for name in IMPORTERS:
        form = "tree" if name in ("pytest_benchmark", "record", "bundle") else "lines"
        yield Target(
            f"import-{name.replace('_', '-')}",
            form,
            partial(_outputs, name),
            partial(_imported, name),
        )


def _every_output() -> list[bytes]:
    return [one.read_bytes() for one in sorted((DATA / "importers").iterdir())]


def _timed() -> list[bytes]:
    """Returns a file of pytest-benchmark with one benchmark, told by its summary and in full."""
    (whole_file,) = map(json.loads, _outputs("pytest_benchmark"))
    first = whole_file["benchmarks"][0]
    full = {**first, "stats": {**first["stats"], "data": [0.001, 0.0011, 0.0009] * 5}}
    return [json.dumps({**whole_file, "benchmarks": [one]}).encode() for one in (first, full)]


def _gated(data: bytes) -> None:
    run_of(put(folder("gate") / "pytest.json", data))


def _telemetry(data: bytes) -> None:
    """Reads an answer by each tool's reader: what is not understood is not told, and no error."""
    for reader in {tool.read for tool in TOOLS.values()}:
        for told in reader(data.decode(errors="replace")):
            numbers = (told.clock_hz, told.power_w, told.temperature_c, told.power_limit_w)
            if not all(one is None or math.isfinite(one) for one in numbers):
                raise BrokenError(f"a reading that is no number: {told}"[:300])


def _answers() -> list[bytes]:
    return [one.read_bytes() for one in sorted((DATA / "telemetry").glob("*.txt"))]


OUTPUTS = (
    Target("import", "lines", _every_output, _sniffed),
    *_importers(),
    Target("bundle-signed", "tree", _bundles, _signed),
    Target("gate-pytest", "tree", _timed, _gated),
    Target("telemetry", "lines", _answers, _telemetry),
)
