"""How the jobs of a fleet ended, as a report."""

from collections import Counter
from collections.abc import Sequence

from bench.launch.model import Outcome
from bench.launch.plan import Plan, shown, told
from bench.report.markup import Report
from bench.report.table import Table

COLUMNS = ("node", "state", "exit code", "record", "reason", "log")


def report(plan: Plan, outcomes: Sequence[Outcome]) -> Report:
    """Returns the table of a fleet, those that want attention first."""
    ordered = sorted(outcomes, key=lambda one: one.state == "complete")
    cells = tuple(
        (
            one.name,
            one.state,
            "–" if one.code is None else str(one.code),
            shown(plan, one.record) or "–",
            one.reason,
            shown(plan, one.log) or "–",
        )
        for one in ordered
    )
    table = Table(
        title=f"Fleet of {len(outcomes)} jobs",
        heading=(f"Records and logs are in {plan.folder}",),
        columns=COLUMNS,
        cells=cells,
        summary=tuple(_summary(plan, outcomes)),
        notes=(),
    )
    return Report(table, [dict(told(plan, one)) for one in ordered])


def _summary(plan: Plan, outcomes: Sequence[Outcome]) -> list[str]:
    counts = Counter(one.state for one in outcomes)
    lines = [", ".join(f"{number} {state}" for state, number in counts.items()) + "."]
    if any(one.state in ("interrupted", "lost", "down") for one in outcomes):
        lines.append(f"To get what is missing: python -m bench run -m resume={plan.folder}")
    if counts["complete"] > 1:
        lines.append(f"To rank them: python -m bench fleet records={plan.folder}")
    return lines
