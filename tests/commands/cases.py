"""The program in a process of its own, in an empty folder."""

import os
import subprocess
import sys
from pathlib import Path

from tests.folders import ROOT

SMOKE = ("device=fake", "chip=h20", "suite=smoke")
Done = subprocess.CompletedProcess[str]


class Cli:
    """Runs the program in an empty folder, with a home of its own."""

    def __init__(self, base: Path) -> None:
        self.cwd, self.out, home = base / "cwd", base / "out", base / "home"
        for folder in (self.cwd, home):
            folder.mkdir()
        self.env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HOME": str(home),
            "XDG_DATA_HOME": str(home / "data"),
        }

    def __call__(
        self,
        *words: str,
        python: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
    ) -> Done:
        """Runs ``python -m bench`` with the words given; nothing may be left where it stands."""
        done = subprocess.run(
            [sys.executable, *python, "-m", "bench", *words],
            cwd=self.cwd,
            env={**self.env, **(environment or {})},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert list(self.cwd.iterdir()) == []
        return done

    def measure(self, *words: str, environment: dict[str, str] | None = None) -> Done:
        """Runs a fake measurement whose record goes to ``out``."""
        return self(*SMOKE, f"out={self.out}", *words, environment=environment)

    def records(self) -> list[Path]:
        """The records written."""
        return sorted(self.out.rglob("*.json"))
