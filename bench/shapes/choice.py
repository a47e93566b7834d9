"""The key ``report``, which chooses the output format of most commands."""

import sys
from dataclasses import dataclass

AUTO = "auto"
"""Chooses the format by whether standard output is a terminal."""


def _is_terminal() -> bool:
    """Tells whether standard output is a terminal; a closed one is not."""
    try:
        return sys.stdout is not None and sys.stdout.isatty()
    except ValueError:
        return False


@dataclass
class ReportChoice:
    """The output format; ``auto`` is ``terminal`` on a terminal, else ``github``."""

    format: str = AUTO

    def __post_init__(self) -> None:
        """Replaces ``auto`` by a format; this is the only place that does."""
        if self.format == AUTO:
            self.format = "terminal" if _is_terminal() else "github"
