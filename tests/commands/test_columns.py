"""Columns of csv: one name for one thing, whichever command prints it."""

import csv
import io
import re

import pytest

from bench.__main__ import main

H200 = "record=h200-sxm-full"
MEASURED = {"unit", "measured", "measured_low", "measured_high"}
OUTPUTS: dict[str, tuple[list[str], set[str]]] = {
    "record": (["show", H200], MEASURED | {"record", "figure", "published", "achieved", "chip"}),
    "chip": (["show", "chip=h200"], {"record", "figure", "measured", "achieved", "chip"}),
    "history": (["history", "figure=matrix_bf16"], MEASURED | {"record", "figure", "uid", "chip"}),
    "records": (["history"], {"record", "uid", "chip", "node", "started_utc"}),
    "gate": (
        ["gate", H200, "against=h200"],
        {"record", "figure", "unit", "measured", "measured_before", "published", "shape_before"},
    ),
    "fleet": (["fleet", "records=results/records"], {"device_key", "figure", "measured", "chip"}),
    "evidence": (
        ["evidence", "chip=h20"],
        {"chip", "figure", "unit", "published", "achieved", "kind", "as_written"},
    ),
    "compare": (["compare", "chips=[h20,h100]"], {"chip", "figure", "as_written", "sources"}),
    "chips": (["chips", "find=h20"], {"chip", "memory_bandwidth_B_per_s"}),
    "rules": (["rules", "chips=h20"], {"chip", "memory_bandwidth_B_per_s"}),
}
FORMERLY = {"now", "low", "high", "fraction", "achieved_fraction", "unit_key", "as_reported", "id"}
"""What the same was called in one command or another; nothing else may be called so."""


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_same_thing_has_one_name(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    words, wanted = OUTPUTS[output]
    assert main([*words, "report=csv"]) in (0, 1)
    names = next(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert wanted <= set(names)
    assert FORMERLY.isdisjoint(names)
    assert [one for one in names if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", one)] == []
