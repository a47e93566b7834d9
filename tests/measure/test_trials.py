"""Shapes and ways tried: all of them for programs, the ten best of each search for a reader."""

import csv
import io
import json
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from bench import addons
from bench.__main__ import main
from bench.chips.load import Catalogue
from bench.judging.verdict import rows
from bench.kernels.gather import Gather
from bench.records.model import Measurement, Record, Search, Trial, Work
from bench.report.record.trials import TITLE, trial_sections
from bench.report.registry import render
from tests.report.verdict_cases import product_at, record_of, stream_at


def _searched(one: Measurement, *trials: tuple[dict[str, int | str], float]) -> Measurement:
    """The measurement as the winner of a search over other parameters, each with its call time."""
    tried = [
        Trial(parameters={**one.parameters, **told}, median_s=s, calls=3) for told, s in trials
    ]
    found = Search(
        space=40, trials=tuple(tried), left_out=0, took_s=1.0, gain_estimate=0.0,
        chance_next_beats_at_most=0.1,
    )  # fmt: skip
    return one.model_copy(update={"search": found})


FLOP = 2.0 * 4096 * 4096 * 8192
PRODUCT = product_at(FLOP / 1e-3 / 1e12)


def test_each_shape_has_the_rate_of_its_own_work(record: Record, sheets: Catalogue) -> None:
    tried = _searched(PRODUCT, ({"m": 1024}, 1e-3), ({}, 1e-3), ({"layout": "nn"}, 1.25e-3))
    here = record_of(record, tried)
    (section,) = trial_sections(here, rows(here, sheets))
    assert [one["rate"] for one in section.flat] == pytest.approx(
        [FLOP / 1e-3, FLOP / 1.25e-3, FLOP / 4 / 1e-3]
    )
    assert [one["won"] for one in section.flat] == [True, False, False]
    assert [cells[1] for cells in section.cells] == [
        "4096 x 4096 x 8192 nt", "4096 x 4096 x 8192 nn", "1024 x 4096 x 8192 nt",
    ]  # fmt: skip
    assert [cells[3] for cells in section.cells] == ["100.0%", "80.0%", "25.0%"]


def test_a_way_that_moves_other_bytes_has_its_own_rate(record: Record, sheets: Catalogue) -> None:
    """Of the stream read a dot product reads two buffers, a sum one: half the time is no double."""
    plain = stream_at(1.0, "read").model_copy(
        update={"parameters": {"stream": "read", "elements": 1000, "way": "dot"}}
    )
    assert plain.work
    moved = plain.model_copy(update={"work": plain.work.model_copy(update={"bytes": 8000.0})})
    here = record_of(record, _searched(moved, ({"way": "dot"}, 2e-3), ({"way": "sum"}, 1e-3)))
    (section,) = trial_sections(here, rows(here, sheets))
    assert [one["rate"] for one in section.flat] == [4e6, 4e6]
    assert {cells[1] for cells in section.cells} == {"way=dot", "way=sum"}


@pytest.mark.parametrize(
    "changes", [{"kernel": "gone"}, {"work": None}, {"parameters": {"m": 4096}}]
)
def test_where_the_work_is_not_known_the_time_is_told_alone(
    changes: dict[str, object], record: Record, sheets: Catalogue
) -> None:
    here = record_of(
        record, _searched(PRODUCT, ({}, 2e-3), ({"m": 64}, 1e-3)).model_copy(update=changes)
    )
    (section,) = trial_sections(here, rows(here, sheets))
    assert [one["rate"] for one in section.flat] == [None, None]
    assert [cells[2:5] for cells in section.cells] == [("–", "–", "1.00 ms"), ("–", "–", "2.00 ms")]


@pytest.mark.parametrize(("added", "rates"), [("", [1.36e8, 6.8e7]), ("gone", [None, None])])
def test_a_kernel_that_a_package_adds_has_rates_while_it_can_be_imported(
    added: str, rates: list[float], record: Record, sheets: Catalogue, monkeypatch: Any
) -> None:
    module = SimpleNamespace(KERNEL=type("Mine", (Gather,), {"name": "mine"})())
    entry = SimpleNamespace(load=lambda: import_module(added) if added else module)
    entry.dist, entry.value = None, added
    monkeypatch.setattr(addons, "added", lambda group: {"mine": entry} if "kern" in group else {})
    changes: dict[str, Any] = {"kernel": "mine", "parameters": {"row": "64B", "rows": 1000}}
    work = Work(flop=0, bytes=136e3, footprint_bytes=136e3, formula="rows x (2 row + 8)")
    plain = stream_at(1.0).model_copy(update={**changes, "work": work})
    here = record_of(record, _searched(plain, ({}, 1e-3), ({"way": "other"}, 2e-3)))
    (section,) = trial_sections(here, rows(here, sheets))
    assert [one["rate"] for one in section.flat] == rates


def test_the_ten_best_are_shown_and_all_are_told(record: Record, sheets: Catalogue) -> None:
    trials: list[tuple[dict[str, int | str], float]] = [
        ({"k": 1024 * number}, 1e-3) for number in range(1, 31)
    ]
    here = record_of(record, _searched(PRODUCT, *trials))
    (section,) = trial_sections(here, rows(here, sheets))
    assert (len(section.cells), len(section.flat)) == (10, 30)
    assert section.cells[0][1] == "4096 x 4096 x 30720"
    lines = list(csv.DictReader(io.StringIO(render(here, sheets, "csv", trials=True))))
    assert len(lines) == 30
    assert len(json.loads(render(here, sheets, "json", trials=True))["tables"][TITLE]) == 30


def test_without_a_search_there_is_no_such_table(record: Record, sheets: Catalogue) -> None:
    here = record_of(record, PRODUCT, _searched(PRODUCT, ({}, 1e-3)))
    assert list(trial_sections(here, rows(here, sheets))) == []
    assert render(here, sheets, "csv", trials=True) == ""


def test_show_has_the_table_only_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["show", "record=h200-sxm-full", "report=github"]
    assert main(words) == 0
    assert TITLE not in capsys.readouterr().out
    assert main([*words, "trials=true"]) == 0
    assert f"**{TITLE}**" in capsys.readouterr().out
