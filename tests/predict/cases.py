"""What tests of predictions share: chips made by hand, of a table of others, and shipped."""

from dataclasses import replace
from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.predict.model.facts import Facts, all_facts

TERA = 1e12


def made(name: str = "one", bf16: float = 1000 * TERA, /, **told: Any) -> Facts:
    """A chip by hand: its rates, 4 TB/s, 141 GB, a link of 450 GB/s and 1000 W."""
    one = Facts(
        chip=name, name=name, vendor="acme", family="design", silicon=name,
        peaks={"bf16": bf16, "fp8": 2 * bf16}, bandwidth=4e12, capacity=141e9, link=450e9,
        network=None, tdp=1000.0,
    )  # fmt: skip
    return replace(one, **told)


PAPER = {
    name: made(name, rate * TERA, bandwidth=bandwidth * 1e9, link=link * 1e9, tdp=float(tdp))
    for name, (rate, bandwidth, link, tdp) in {
        "h20": (148, 4000, 450, 400), "h800": (989, 3350, 200, 700), "h100": (989, 3350, 450, 700),
        "h200": (989, 4800, 450, 700), "a100": (312, 2039, 300, 400),
    }.items()
}  # fmt: skip
"""Chips as the roofline table gives them; the FP8 rates it names are not twice those of bf16."""
for _name, _rate in {"h20": 296, "h800": 1979, "h100": 1979, "h200": 1979}.items():
    PAPER[_name].peaks["fp8"] = _rate * TERA
del PAPER["a100"].peaks["fp8"]


@pytest.fixture(scope="session")
def chips(sheets: Catalogue) -> dict[str, Facts]:
    """The facts of every shipped accelerator."""
    return all_facts(sheets)
