"""Finds every fault in every data file: sheets, sources, rules, workloads, claims, results."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import paths
from bench.bundle import contributed
from bench.chips import load as chips
from bench.chips.faults import uncited
from bench.chips.vendors import vendors
from bench.claims import load as claims
from bench.errors import DataError, Fault
from bench.evidence import load as reports
from bench.evidence.cited import citation_faults
from bench.files.datafile import at_home, files, relative
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
    """The outcome of a check.

    Attributes:
        counts: how many items of each kind were checked.
        faults: all faults found.
    """

    counts: dict[str, int]
    faults: tuple[Fault, ...]


def check(folder: Path, results: Path) -> Checked:
    """Returns the faults of all data files in ``folder`` and in ``results``."""
    catalogue, faults = chips.examine(folder, fresh=True)
    book, rule_faults = rules.examine(folder, catalogue.listed)
    shapes, workload_faults = workloads.examine(folder, catalogue.listed)
    sheets, models = _named(folder, "chips"), _named(folder, "workloads")
    statements, claim_faults = claims.examine(folder, sheets, catalogue.listed, fresh=True)
    rule_faults += workload_faults + claim_faults
    understood = not faults and not rule_faults
    faults += rule_faults + crosscheck_faults(catalogue)
    if understood:  # a file that could not be read may cite a source that seems uncited
        cited = catalogue.cited() | book.cited()
        cited |= workloads.cited(shapes) | claims.cited(statements)
        faults += uncited(cited, catalogue.sources)
        faults += pattern_faults(book.rules.values(), catalogue.chips)
    faults += _vendor_faults(folder)
    faults += [fault for layer in paths.layers(folder) for fault in _misplaced(layer, folder)]
    shipped = folder.resolve() == paths.data_dir("specs").resolve()
    whole = catalogue.chips if shipped and len(catalogue.chips) == len(sheets) else None
    reported, report_faults = reports.examine(results, whole, fresh=True)
    measured, table_faults = tables.examine(results, *((sheets, models) if shipped else ()))
    faults += report_faults + table_faults
    if shipped and not report_faults:
        faults += citation_faults(catalogue.chips, reported)
    records = results / "records"
    if understood:  # with a sheet missing, every record that needs it would seem wrong
        faults += contributed.faults(records, catalogue if shipped else None)
    counts = {
        "sheets": len(catalogue.chips),
        "designs": len(catalogue.architectures),
        "rules": len(book.rules),
        "sources": len(catalogue.sources),
        "workloads": len(shapes),
        "claims": len(statements),
        "reported values": sum(len(report.rows) for report in reported.values()),
        "rows of tables": sum(len(table.rows) for table in measured.values()),
        "records": len(list(records.rglob("*.json"))),
    }
    return Checked(counts, tuple(map(at_home, faults)))


def _named(folder: Path, kind: str) -> list[str]:
    """Returns the ids of all files of a kind: one that cannot be read may be named all the same."""
    return [path.stem for path in files(folder, kind)]


def _vendor_faults(folder: Path) -> Iterator[Fault]:
    try:
        vendors(folder)
    except DataError as error:
        yield from error.faults


def _misplaced(layer: Path, folder: Path) -> Iterator[Fault]:
    """Yields a fault for each file that nothing reads."""
    known = {path for pattern in READ for path in layer.glob(pattern)}
    for path in sorted(layer.rglob("*")):
        if path.is_file() and path not in known and not path.name.startswith("."):
            name = relative(path, folder)
            yield Fault(name, "", "is read by nothing", "move it where its kind is read")
