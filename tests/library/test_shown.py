"""What the library gives back shows itself, in a notebook and in a terminal."""

import copy
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

import bench
from bench.chips.load import catalogue
from bench.chips.model import Chip
from bench.notebook import Recorded
from bench.tables.model import Data
from tests.library.cases import invented


@pytest.fixture
def data(tmp_path: Path) -> Data:
    """One invented chip."""
    return invented(tmp_path)


def test_what_is_given_back_shows_itself_and_is_what_it_was() -> None:
    found = bench.timeline("a800")
    assert found == tuple(found)
    assert repr(found) == repr(tuple(found))
    assert hash(bench.derived("h20")) == hash(tuple(bench.derived("h20")))
    stored = pickle.loads(pickle.dumps(bench.figures("h20")))  # noqa: S301 -- our own
    assert (type(stored), stored) == (tuple, bench.figures("h20"))
    assert type(copy.copy(found)) is tuple
    assert type(bench.chip("h20")) is Chip
    assert bench.chip("h20") == catalogue().chips["nvidia-h20-sxm-96gb"]
    assert "_repr_html_" not in Chip.model_fields


SHOWN: dict[str, Callable[[], object]] = {
    "chip": lambda: bench.chip("h20"),
    "status": lambda: bench.classify("h20", on="2024-01-01"),
    "comparison": lambda: bench.compare("h20", "910b2", "h100"),
    "timeline": lambda: bench.timeline("a800"),
    "figures": lambda: bench.figures("h20"),
    "derived": lambda: bench.derived("h20"),
    "conflicts": lambda: bench.conflicts("h20"),
    "record": lambda: bench.record("h200-sxm-full"),
    "verdicts": lambda: bench.verdicts("h20", "h100"),
}
"""What a notebook may be given."""


@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook_shows_a_fragment_with_its_sources(name: str) -> None:
    text = html_of(SHOWN[name]())
    assert text.startswith('<div class="onpaper"><style>')
    assert text.endswith("</div>")
    assert "<td" in text
    assert "Sources and notes" in text
    if name != "verdicts":  # those cite evidence, which has pages of its own
        assert '<a href="https://' in text
    assert not re.search(r"<(html|body|head|script|link|img|iframe)\b", text)
    style = text[text.index("<style>") + 7 : text.index("</style>")]
    selectors = [one for rule in style.split("}")[:-1] for one in rule.partition("{")[0].split(",")]
    assert all(re.match(r"\.onpaper( |$)", one) for one in selectors)
    assert "max-height" in style


@pytest.mark.parametrize("name", SHOWN)
def test_ipython_in_a_terminal_shows_the_terminals_table(name: str) -> None:
    value = SHOWN[name]()
    told = Said([id(value)])
    printed(value, told)
    lines = told.said.splitlines()
    assert max(map(cell_len, lines)) <= 100
    assert any(set(line) <= {"─", " "} and "─" in line for line in lines)
    inner = Said([1, id(value)])  # one chip of a list of many
    printed(value, inner)
    assert inner.said == repr(value)


@dataclass
class Said:
    """What IPython would print with."""

    stack: list[int]
    said: str = ""

    def text(self, text: str) -> None:
        self.said += text


def html_of(value: Any) -> str:
    """What a notebook shows of a value."""
    found: str = value._repr_html_()
    return found


def printed(value: Any, told: Said) -> None:
    """Prints a value as IPython does."""
    value._repr_pretty_(told, cycle=False)


HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(1)">\x1b[31m'


def test_what_is_shown_is_escaped() -> None:
    found = bench.record("h200-sxm-full")
    device = found.record.device.model_copy(update={"name": HOSTILE})
    told = html_of(Recorded(found.record.model_copy(update={"device": device}), 0.1))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in told
    assert not re.search(r"<(script|img)\b|\x1b", told)


def test_a_chip_of_ones_own_is_shown_as_it_is(data: Data) -> None:
    (chip,) = data.chips
    assert chip._repr_html_() is None  # type: ignore[attr-defined] # attached by the library
    told = Said([id(chip)])
    printed(chip, told)
    assert told.said == repr(chip)


def test_long_tuples_show_their_beginning() -> None:
    text = html_of(bench.figures())
    assert f"The first 300 of {len(bench.figures())}." in text
    assert text.count("<tr>") == 301
