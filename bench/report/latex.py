"""A table for a paper."""

from tabulate import tabulate

from bench.report.markup import Report

ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--",
}  # fmt: skip


def escape(text: str) -> str:
    """Returns ``text`` with what LaTeX would read as markup escaped."""
    return "".join(ESCAPES.get(one, one) for one in text)


def render(report: Report) -> str:
    """Returns a booktabs tabular with the heading as comments and the notes below."""
    table = report.table
    cells = [[escape(cell) for cell in row] for row in table.cells]
    body = tabulate(
        cells, [escape(name) for name in table.columns], tablefmt="latex_raw", disable_numparse=True
    )
    head = [f"% {line}" for line in (table.title, *table.heading)]
    return "\n".join([*head, body, *(f"% {note}" for note in table.notes)]) + "\n"
