"""`bench.benchmark` times a call outside pytest and compares it with the sheet."""

import subprocess
import sys
from typing import Any

import pytest
import torch

import bench
from bench.errors import UsageError


def test_a_call_is_timed_on_its_device_and_set_beside_the_chip_that_was_named() -> None:
    held = torch.ones(64, 64)
    found = bench.benchmark(
        lambda: held @ held, flop=2 * 64**3, dtype="fp32", chip="amd-zen4-genoa", seconds=0.05,
        name="mine",
    )  # fmt: skip
    assert found.rate == pytest.approx(2 * 64**3 / found.seconds)
    assert found.chip == "amd-zen4-genoa"
    assert str(found).startswith("mine: ")


def test_it_needs_no_pytest() -> None:
    program = (
        "import sys, bench\n"
        "print(bench.benchmark(lambda: sum(range(99)), items=99, seconds=0.05).rate > 0)\n"
        "print('pytest' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"seconds": 0}, "seconds=0 must be above 0"),
        ({"flop": 1e9}, "flop= needs dtype="),
        ({"device": "fake"}, "the fake device runs no call"),
        ({"chip": "no-such-chip"}, "no-such-chip"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        bench.benchmark(lambda: None, **options)
