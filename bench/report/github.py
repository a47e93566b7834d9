"""A table that pastes into an issue as it is."""

from bench.report.markup import Report, tabulated


def render(report: Report) -> str:
    """Returns GitHub-flavoured Markdown."""
    table = report.table
    cells = [[cell.replace("|", "\\|") for cell in row] for row in table.cells]
    parts = [f"**{table.title}**", *table.heading, "", tabulated(table.columns, cells, "github")]
    parts += ["", *table.summary] if table.summary else []
    parts += ["", *(f"{note}  " for note in table.notes)] if table.notes else []
    return "\n".join(_paragraphs(parts)) + "\n"


def _paragraphs(lines: list[str]) -> list[str]:
    """Ends heading lines with the two spaces that Markdown breaks a line at."""
    first_blank = lines.index("")
    return [f"{line}  " if place < first_blank else line for place, line in enumerate(lines)]
