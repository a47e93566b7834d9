"""What several tests of the gate share."""

from pathlib import Path

import pytest

from tests.gate.cases import laid_out


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a record before and three after."""
    monkeypatch.chdir(tmp_path)
    return laid_out(tmp_path)
