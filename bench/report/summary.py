"""The summary of a record's rows, in sentences."""

from bench.standing import nearest
from bench.verdict import RATED, Row, Verdict


def summary(judged: list[Row]) -> list[str]:
    """Returns a sentence per verdict, without implausible figures, and remarks on the rows.

    Where several streams test one figure, only the best one counts, and it is named.
    """
    best = nearest(judged)
    lines = [
        sentence
        for verdict in RATED
        if (
            sentence := _sentence(verdict, [one for one in best.values() if one.verdict is verdict])
        )
    ]
    if disputed := [row.title for row in best.values() if _has_other_verdict(row, judged)]:
        lines.append(f"Of several streams the best counts: {'; '.join(disputed)}.")
    doubtful = [row.title for row in judged if row.verdict is Verdict.IMPLAUSIBLE]
    if doubtful:
        lines.append(f"Implausible and not counted: {', '.join(doubtful)}.")
    return lines


def _has_other_verdict(best: Row, judged: list[Row]) -> bool:
    """Tells whether another stream of the figure has another verdict than the best one."""
    return any(
        row.key == best.key and row.verdict in RATED and row.verdict is not best.verdict
        for row in judged
        if "stream" in row.measurement.parameters
    )


def _sentence(verdict: Verdict, rows: list[Row]) -> str:
    if not rows:
        return ""
    first, *rest = [
        (row.title, f"{row.fraction.value:.0%}" if row.fraction else "-") for row in rows
    ]
    others = "".join(f", {title} {share}" for title, share in rest)
    return f"{verdict.value.capitalize()}: {first[0]} reaches {first[1]} of paper{others}."
