"""What the tests of ``rules`` on the command line share."""

import csv
import io

import pytest

from bench.__main__ import main

DAY = "on=2024-06-01"
Row = dict[str, str]


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of ``rules`` with these words."""
    code = main(["rules", *words])
    told = capsys.readouterr()
    return code, told.out, told.err


def rows(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[Row]:
    """The lines of a view as CSV."""
    code, out, err = said([*words, "report=csv"], capsys)
    assert (code, err) == (0, "")
    return list(csv.DictReader(io.StringIO(out)))
