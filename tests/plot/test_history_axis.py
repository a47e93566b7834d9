"""The axis of a history says the time of each run, however close together the runs are."""

import re
from datetime import datetime, timedelta

import pytest
from matplotlib.figure import Figure

from bench.plot.history import _date_axis


@pytest.mark.parametrize(
    ("seconds", "word"),
    [
        (0.5, r"\d\d:\d\d:\d\d"),
        (8, r"\d\d:\d\d:\d\d"),
        (300, r"\d\d:\d\d"),
        (20 * 86_400, r"\d\d|[A-Z][a-z]{2}"),
    ],
)
def test_ticks_are_times_or_days(seconds: float, word: str) -> None:
    figure = Figure()
    axes, start = figure.subplots(), datetime(2026, 11, 27, 12, 30, 52)  # noqa: DTZ001
    axes.plot([start, start + timedelta(seconds=seconds)], [1.0, 2.0], "o")  # type: ignore[arg-type]  # matplotlib takes days
    _date_axis(axes)
    figure.draw_without_rendering()
    shown = [one.get_text() for one in axes.get_xticklabels()]
    assert len(shown) > 1
    assert len(set(shown)) == len(shown)
    assert all(re.fullmatch(word, one) for one in shown), shown
    assert axes.get_xlabel() == "start of the run, UTC"
