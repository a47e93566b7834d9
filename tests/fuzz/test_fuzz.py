"""Every parser under hypothesis, and every input that once broke one.

The search is the same each time and short. ``make fuzz`` searches with atheris, longer and guided
by coverage, and keeps what it finds where these tests look.
"""

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.fuzz.contract import held
from tests.fuzz.mutate import mutated
from tests.fuzz.targets import TARGETS

FINDINGS = sorted(path for path in (Path(__file__).parent / "findings").glob("*/*"))
EXAMPLES = {"ask": 12, "words": 12, "sweep": 12}
"""Inputs of what takes long; data files are read in a tenth of the time."""
MANY = 25
SEEDS = 6


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_accepted(name: str) -> None:
    target, seeds = TARGETS[name], TARGETS[name].seeds()
    assert seeds
    for seed in seeds[:: max(1, len(seeds) // SEEDS)]:
        assert held(target, seed) == []


@pytest.mark.parametrize("name", TARGETS)
def test_no_change_of_an_input_gets_more_than_a_clear_error(name: str) -> None:
    target, seeds = TARGETS[name], TARGETS[name].seeds()

    @settings(
        derandomize=True, database=None, deadline=None, max_examples=EXAMPLES.get(name, MANY),
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(place=st.integers(0, len(seeds) - 1), number=st.integers(0, 2**32))
    def holds(place: int, number: int) -> None:
        data = mutated(seeds[place], target.form, Random(number))
        note(f"{data[:2_000]!r}")
        held(target, data)

    holds()


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_broke_a_parser_does_so_no_more(path: Path) -> None:
    held(TARGETS[path.parent.name], path.read_bytes())
