"""Aligned text without markup, as on a terminal but without bars, marks and colour."""

from bench.report.formats.terminal import set_for
from bench.report.text.markup import Report
from bench.report.text.screen import Screen

WIDTH = 120
"""Width in columns, which only web addresses exceed."""


def render(report: Report) -> str:
    """Returns aligned text without markup, no wider than ``WIDTH`` except for web addresses."""
    return set_for(report, Screen(WIDTH, drawn=False, addresses=True))
