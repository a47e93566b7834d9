"""The tables, by name."""

from bench.errors import check_known
from bench.tables.chips import (
    ChipRow,
    FactRow,
    SourceRow,
    chip_rows,
    fact_rows,
    source_rows,
)
from bench.tables.classifications import ClassificationRow, classification_rows
from bench.tables.evidence import ClaimRow, ReportedRow, claim_rows, reported_rows
from bench.tables.figures import ConflictRow, FigureRow, conflict_rows, figure_rows
from bench.tables.model import Table
from bench.tables.rules import OutcomeRow, RuleRow, outcome_rows, rule_rows
from bench.tables.theory import CrosscheckRow, DerivedRow, crosscheck_rows, derived_rows

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table("chips", "chips and systems, one row each", ChipRow, chip_rows),
        Table("figures", "one row per chip, figure and claim", FigureRow, figure_rows),
        Table("facts", "facts about chips, in words", FactRow, fact_rows),
        Table("derived", "figures derived from others", DerivedRow, derived_rows),
        Table(
            "crosschecks",
            "published rates beside what the design gives",
            CrosscheckRow,
            crosscheck_rows,
        ),
        Table("conflicts", "figures on which sources disagree", ConflictRow, conflict_rows),
        Table("sources", "the documents in which everything was read", SourceRow, source_rows),
        Table("reported", "what others measured, one row per value", ReportedRow, reported_rows),
        Table("claims", "statements that compare chips, with the verdict", ClaimRow, claim_rows),
        Table("rules", "export rules and Chinese measures", RuleRow, rule_rows),
        Table("outcomes", "what each rule brings, with its thresholds", OutcomeRow, outcome_rows),
        Table(
            "classifications",
            "status of each chip over time, destination China",
            ClassificationRow,
            classification_rows,
        ),
    )
}


def table(name: str) -> Table:
    """Returns a table by name.

    Raises:
        UsageError: there is no such table; the message suggests similar names.
    """
    check_known("table", name, TABLES)
    return TABLES[name]
