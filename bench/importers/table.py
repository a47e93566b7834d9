"""Reads lines of Markdown tables."""

HALF_WIDTH = str.maketrans("（），", "(),")
"""Maps full-width brackets and commas to ASCII."""


def table_row(line: str) -> list[str]:
    """Returns the cells of a table line, with ASCII brackets; an empty list for other lines."""
    if not line.startswith("|") or len(line) > 4_000:
        return []
    inner = line.translate(HALF_WIDTH).strip().strip("|")
    return [cell.strip().strip("*").strip() for cell in inner.split("|")][:40]
