"""What the rows say, in sentences."""

from bench.standing import nearest
from bench.verdict import RATED, Row, Verdict


def summary(judged: list[Row]) -> list[str]:
    """Returns what the rows say, in sentences; implausible figures enter none of them.

    Where several streams test one figure, the best one stands for it and is named.
    """
    best = nearest(judged)
    lines = [
        sentence
        for verdict in RATED
        if (sentence := _sentence(verdict, [r for r in best.values() if r.verdict is verdict]))
    ]
    if led := [row.title for row in best.values() if _leads(row, judged)]:
        lines.append(f"Of several streams the best counts: {'; '.join(led)}.")
    doubtful = [row.title for row in judged if row.verdict is Verdict.IMPLAUSIBLE]
    if doubtful:
        lines.append(f"Implausible and not counted: {', '.join(doubtful)}.")
    return lines


def _leads(best: Row, judged: list[Row]) -> bool:
    """Tells whether another stream of the figure has another verdict than its best one."""
    return any(
        row.key == best.key and row.verdict in RATED and row.verdict is not best.verdict
        for row in judged
        if "stream" in row.measurement.parameters
    )


def _sentence(verdict: Verdict, found: list[Row]) -> str:
    if not found:
        return ""
    first, *rest = [
        (row.title, f"{row.fraction.value:.0%}" if row.fraction else "-") for row in found
    ]
    told = "".join(f", {title} {share}" for title, share in rest)
    return f"{verdict.value.capitalize()}: {first[0]} reaches {first[1]} of paper{told}."
