"""Records and files made of measurements: read, and used for all that they are read for."""

import inspect
import json

from bench import paths
from bench.archive.entry import entry
from bench.archive.packing import pack
from bench.chips import load as chips
from bench.commands.keys.predict import scenario_of
from bench.gate.recorded import run_of
from bench.plot.registry import record_pictures
from bench.predict.answers import answers
from bench.predict.learning import learn
from bench.predict.learning.ownrecords import layers
from bench.predict.learning.world import own_products
from bench.predict.model.facts import all_facts
from bench.predict.validation import errorfile
from bench.records import store
from bench.report.registry import render
from bench.rules import load as rules
from bench.shapes import PredictConfig
from bench.tables.write import listed
from bench.verification.case import Case
from bench.verification.record import record_document
from tests.fuzz.contract import Target
from tests.fuzz.places import folder, of_each_kernel, put, records

RESULTS = paths.data_dir("results")


def _record(data: bytes) -> None:
    """Reads a record, and makes of it all that is made of records."""
    found, sheets = store.read(put(folder("records") / "any.json", data)), chips.catalogue()
    for style in ("plain", "html"):
        render(found, sheets, style, 0.1)
    run_of(found, sheets)
    list(record_pictures(found, sheets))
    record_document(Case(found, "0" * 64, sheets, rules.rulebook(), 0.1), (), None)
    layers(found)
    own_products([found], all_facts(sheets))


def _many(data: bytes) -> list[str]:
    """Reads a record as one among many, whose fault is told beside the others."""
    found = entry(data)
    pack(found) if found.head else None
    return [found.fault] if found.head is None else []


def _calibration(data: bytes) -> None:
    known = inspect.unwrap(learn.load)(put(folder("calibration") / "fitted.json", data))
    asked = scenario_of(PredictConfig(workload="llama-3.1-8b"))
    answers([chips.catalogue().find("h20")], None, asked, known)


def _validation(data: bytes) -> None:
    errorfile.state(put(folder("validation") / "validation.json", data))


def _package(data: bytes) -> None:
    put(folder("package") / "datapackage.json", data)
    listed(folder("package"))


def _package_seeds() -> list[bytes]:
    entries = [{"path": "datapackage.json", "name": "a"}, {"path": "chips.csv"}]
    return [json.dumps({"generator": "onpaper", "resources": entries}).encode()]


MADE = (
    Target("record", "tree", lambda: [*records(), *of_each_kernel()], _record),
    Target("record-among-many", "tree", records, _many),
    Target("calibration", "tree", lambda: [(RESULTS / "fitted.json").read_bytes()], _calibration),
    Target("validation", "tree", lambda: [(RESULTS / "validation.json").read_bytes()], _validation),
    Target("package", "tree", _package_seeds, _package),
)
