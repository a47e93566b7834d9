"""Every fault of every data file: sheets, sources, rules, workloads, claims, results."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import paths
from bench.bundle import contributed
from bench.chips import load as chips
from bench.chips.faults import uncited
from bench.chips.vendors import vendors
from bench.claims import load as claims
from bench.datafile import at_home, relative
from bench.errors import DataError, Fault
from bench.evidence import load as reports
from bench.predict.learning import tables
from bench.rules import load as rules
from bench.rules.faults import pattern_faults
from bench.theory.crosscheck import crosscheck_faults
from bench.workloads import load as workloads

READ = (
    "sources.yaml", "vendors.yaml", "architectures.yaml", "destinations.yaml", "chips/*.yaml",
    "rules/*.yaml", "workloads/*.yaml", "claims/*.yaml", "schema/*.json", "*.md",
)  # fmt: skip
"""What the data folder may contain; a file that nothing reads is reported as misplaced."""


@dataclass(frozen=True)
class Checked:
    """The kinds of file checked, how many of each, and the faults found."""

    counts: dict[str, int]
    faults: tuple[Fault, ...]


def check(folder: Path, results: Path) -> Checked:
    """Returns the faults of all data files in ``folder`` and in ``results``."""
    catalogue, faults = chips.examine(folder, fresh=True)
    book, wrong = rules.examine(folder, catalogue.sources)
    shapes, misshapen = workloads.examine(folder, catalogue.sources)
    said, misread = claims.examine(folder, catalogue.chips, catalogue.sources, fresh=True)
    wrong += misshapen + misread
    understood = not faults and not wrong
    faults += wrong + crosscheck_faults(catalogue)
    if understood:  # a file that was not understood may cite what seems uncited
        cited = catalogue.cited() | book.cited()
        cited |= workloads.cited(shapes) | claims.cited(said)
        faults += uncited(cited, catalogue.sources)
        faults += pattern_faults(book.rules.values(), catalogue.chips)
    faults += _vendor_faults(folder)
    faults += [fault for layer in paths.layers(folder) for fault in _strangers(layer, folder)]
    shipped = folder.resolve() == paths.data_dir("specs").resolve()
    told, untold = reports.examine(results, catalogue.chips if shipped else None, fresh=True)
    faults += untold
    known = (catalogue.chips, shapes) if shipped else (None, None)
    measured, mistold = tables.examine(results, *known)
    faults += mistold
    records = results / "records"
    if understood:  # what a record is judged by has to be there, or each seems to be wrong
        faults += contributed.faults(records, catalogue if shipped else None)
    counts = {
        "sheets": len(catalogue.chips),
        "designs": len(catalogue.architectures),
        "rules": len(book.rules),
        "sources": len(catalogue.sources),
        "workloads": len(shapes),
        "claims": len(said),
        "reported values": sum(len(report.rows) for report in told.values()),
        "rows of tables": sum(len(table.rows) for table in measured.values()),
        "records": len(list(records.rglob("*.json"))),
    }
    return Checked(counts, tuple(map(at_home, faults)))


def _vendor_faults(folder: Path) -> Iterator[Fault]:
    try:
        vendors(folder)
    except DataError as error:
        yield from error.faults


def _strangers(layer: Path, folder: Path) -> Iterator[Fault]:
    known = {path for pattern in READ for path in layer.glob(pattern)}
    for path in sorted(layer.rglob("*")):
        if path.is_file() and path not in known and not path.name.startswith("."):
            name = relative(path, folder)
            yield Fault(name, "", "is read by nothing", "move it where its kind is read")
