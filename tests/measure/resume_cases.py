"""Records that were broken off, for tests of their completion."""

import json
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.measure.item import Item
from bench.measure.loop import Plan
from bench.measure.session import LocalSession, Progress
from bench.records.model import Measurement

WORDS = ("run", "device=fake", "suite=smoke", "quiet=true")


def files(folder: Path) -> list[Path]:
    """All that lies in a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def broken_off(
    out: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, at: int, *words: str
) -> Path:
    """A record of a smoke run in which the measurement number ``at`` raised ``error``."""
    whole, calls = LocalSession.measure, iter(range(99))

    def measure(self: LocalSession, item: Item, plan: Plan, progress: Progress) -> Measurement:
        if next(calls) == at:
            raise error
        return whole(self, item, plan, progress)

    with monkeypatch.context() as patch:
        patch.setattr(LocalSession, "measure", measure)
        main([*WORDS, f"out={out}", *words])
    (path,) = files(out)
    return path


def interrupted(out: Path, monkeypatch: pytest.MonkeyPatch, *words: str, at: int = 2) -> Path:
    """A record that Ctrl-C ended."""
    return broken_off(out, monkeypatch, KeyboardInterrupt(), at, *words)


def changed(path: Path, **fields: object) -> None:
    """Writes other values into a record; a key may name a field within, with dots as ``__``."""
    data = json.loads(path.read_text())
    for key, value in fields.items():
        *above, last = key.split("__")
        place = data
        for one in above:
            place = place[int(one) if one.isdecimal() else one]
        place[last] = value
    path.write_text(json.dumps(data))
