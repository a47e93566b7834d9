"""The format of a report, which most commands let one choose."""

import sys
from dataclasses import dataclass

AUTO = "auto"


def _seen() -> bool:
    """Tells whether somebody looks at standard output; a closed one is no terminal."""
    try:
        return sys.stdout is not None and sys.stdout.isatty()
    except ValueError:
        return False


@dataclass
class ReportChoice:
    """Which format; ``auto`` is ``terminal`` where standard output is one, else ``github``."""

    format: str = AUTO

    def __post_init__(self) -> None:
        """Puts a format where ``auto`` was said: here, and nowhere else."""
        if self.format == AUTO:
            self.format = "terminal" if _seen() else "github"
