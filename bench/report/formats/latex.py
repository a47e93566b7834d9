"""LaTeX tables for a paper."""

from collections.abc import Sequence

from bench.report.text.markup import Report, tabulated

ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "×": r"$\times$", "²": r"\textsuperscript{2}", "µ": r"$\mu$",
}  # fmt: skip


def escape(text: str) -> str:
    """Returns ``text`` with what LaTeX would read as markup escaped.

    A cell that begins with ``[`` or ``*`` would be read as an argument of the row end before it.
    """
    shield = "{}" if text.startswith(("[", "*")) else ""
    return shield + "".join(ESCAPES.get(one, one) for one in text)


def render(report: Report) -> str:
    """Returns one tabular per table; heading, summary and notes are comments."""
    table = report.table
    body = [_table(table.columns, table.cells)] if report.has_first else []
    for one in report.more:
        body += [f"% {one.title}"]
        body += [_table(one.columns, one.cells)] if one.cells else []
        body += [f"% {line}" for line in one.lines]
    head = [f"% {line}" for line in (table.title, *table.heading)]
    foot = [f"% {line}" for line in (*table.summary, *table.notes)]
    return "\n".join([*head, *body, *foot]) + "\n"


def _table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    return tabulated([*map(escape, columns)], [[*map(escape, row)] for row in cells], "latex_raw")
