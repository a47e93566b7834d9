"""What tests of commands share: a command as it is typed, and what may be seen of it."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.__main__ import main

Document = dict[str, Any]


def said(
    command: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command with these words."""
    code = main([command, *words])
    told = capsys.readouterr()
    return code, told.out, told.err


def document(command: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> Document:
    """What a command says as JSON."""
    code, out, err = said(command, [*words, "report=json"], capsys)
    assert (code, err) == (0, "")
    found: Document = json.loads(out)
    return found


def looks_like(style: str, text: str) -> None:
    """Holds a report against what its format begins and ends with."""
    if style == "json":
        assert {"title", "heading", "rows", "summary", "notes"} <= set(json.loads(text))
    elif style == "csv":
        lines = list(csv.reader(io.StringIO(text)))
        assert len({len(line) for line in lines}) == 1
        assert len(lines) > 1
    else:
        begins = {"github": "**", "html": "<!doctype html>"}
        holds = {"github": "\n|--", "html": "</body></html>", "latex": "tabular", "plain": "\n--",
                 "terminal": "\n──"}  # fmt: skip
        assert text.startswith(begins.get(style, ""))
        assert holds[style] in text
    assert text.endswith("\n")


def mislabelled(folder: Path) -> Path:
    """A record of ours as if another's of an H100: the committed one, with another id and chip."""
    (path,) = (paths.data_dir("results") / "records").rglob("h200-sxm-full.json")
    node = json.loads(path.read_text(encoding="utf-8"))
    node["id"] = "20261126-000418-cuda-000000"
    node["identity"]["chip"] = "nvidia-h100-sxm-80gb"
    made = folder / "made.json"
    made.write_text(json.dumps(node), encoding="utf-8")
    return made
