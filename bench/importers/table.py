"""Lines of Markdown tables as people paste them."""

EVEN = str.maketrans("（），", "(),")
"""Brackets and commas of full width, and what they are read as."""


def table_row(line: str) -> list[str]:
    """Returns the cells of a line of a table, with brackets of one kind; none for another line."""
    if not line.startswith("|") or len(line) > 4_000:
        return []
    inner = line.translate(EVEN).strip().strip("|")
    return [cell.strip().strip("*").strip() for cell in inner.split("|")][:40]
