"""Report on how the jobs of a fleet ended."""

from collections import Counter
from collections.abc import Sequence

from bench.launch.model import Outcome
from bench.launch.plan import Plan, outcome_row, relative_path
from bench.report.table import Table
from bench.report.text.markup import Report

COLUMNS = ("node", "state", "exit code", "record", "reason", "log")


def report(plan: Plan, outcomes: Sequence[Outcome]) -> Report:
    """Returns the table of a fleet's jobs, incomplete ones first."""
    ordered = sorted(outcomes, key=lambda outcome: outcome.state == "complete")
    cells = tuple(
        (
            outcome.name,
            outcome.state,
            "–" if outcome.code is None else str(outcome.code),
            relative_path(plan, outcome.record) or "–",
            outcome.reason,
            relative_path(plan, outcome.log) or "–",
        )
        for outcome in ordered
    )
    table = Table(
        title=f"Fleet of {len(outcomes)} jobs",
        heading=(f"Records and logs are in {plan.folder}",),
        columns=COLUMNS,
        cells=cells,
        summary=tuple(_summary(plan, outcomes)),
        notes=(),
    )
    return Report(table, [dict(outcome_row(plan, outcome)) for outcome in ordered])


def _summary(plan: Plan, outcomes: Sequence[Outcome]) -> list[str]:
    counts = Counter(outcome.state for outcome in outcomes)
    lines = [", ".join(f"{count} {state}" for state, count in counts.items()) + "."]
    if any(outcome.state in ("interrupted", "lost", "down") for outcome in outcomes):
        lines.append(f"To get what is missing: python -m bench run -m resume={plan.folder}")
    if counts["complete"] > 1:
        lines.append(f"To rank them: python -m bench fleet records={plan.folder}")
    return lines
