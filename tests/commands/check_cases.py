"""A world in which nothing was measured: what is shipped is checked once, not for each fault."""

from pathlib import Path

import pytest

from bench import paths


def no_results(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets ``results/`` be an empty folder."""
    shipped = paths.data_dir

    def without(name: str) -> Path:
        return folder / "no-results" if name == "results" else shipped(name)

    monkeypatch.setattr(paths, "data_dir", without)
