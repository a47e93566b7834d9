"""Help is written for 100 columns, and fits a narrower terminal with its columns kept."""

import io
from importlib import import_module

import pytest

from bench.__main__ import COMMANDS, HELP, main, module_of
from bench.commands.helptext import fitted

ALL = {"": HELP} | {name: import_module(module_of(name)).HELP for name in COMMANDS}
KEYS = """\
python -m bench some [key=value ...] and a line of usage that is longer than any terminal is wide

  out=              the folder for what is made, and created if it
                    does not exist
  kind=             one     the first kind of all those that there are
                    second-one   the second kind, of which there is more
                            to say
  fake.X= name like noise noise_level throttle_after_s throttle_to seed
                    of the simulated device

Examples
  python -m bench some key=value other=value third=value   (an example is never broken)
"""
NARROW = """\
python -m bench some [key=value ...] and a line of usage that is longer than any terminal is wide

  out=              the folder for what is made, and created
                    if it does not exist
  kind=             one     the first kind of all those that
                            there are
                    second-one   the second kind, of which
                            there is more to say
  fake.X= name like noise noise_level throttle_after_s
                    throttle_to seed of the simulated device

Examples
  python -m bench some key=value other=value third=value   (an example is never broken)
"""


def test_a_hanging_column_stays_where_it_is() -> None:
    assert fitted(KEYS, 60) == NARROW


@pytest.mark.parametrize("name", ALL)
def test_help_fits_80_columns_and_is_as_written_in_100(name: str) -> None:
    written = ALL[name]
    assert fitted(written, 100) == fitted(written, 200) == written
    narrow = fitted(written, 80)
    assert narrow.split() == written.split()
    keys = narrow.partition("\nExamples\n")[0].splitlines()
    assert [line for line in keys if len(line) > 80] == []


@pytest.mark.parametrize(("terminal", "widest"), [(True, 60), (False, 100)])
@pytest.mark.parametrize("words", [["help", "check"], ["check", "--help"]])
def test_only_a_terminal_has_help_in_its_width(
    words: list[str], *, terminal: bool, widest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    monkeypatch.setattr(said, "isatty", lambda: terminal)
    monkeypatch.setattr("sys.stdout", said)
    monkeypatch.setenv("COLUMNS", "60")
    assert main(words) == 0
    lines = said.getvalue().splitlines()
    assert 55 < max(map(len, lines)) <= widest
    assert (max(map(len, lines)) > 60) is not terminal
