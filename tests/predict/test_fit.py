"""The stack's parameters are found again in steps that they made, on chips that differ."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from bench.predict.learning.fit import FREE, Case, cases, departures, fit, joined
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array, Points
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import precision
from bench.predict.model.stack import Stack
from bench.predict.model.step import step, timed
from bench.workloads.load import workload, workloads
from tests.predict.cases import made

CHIPS: dict[str, Facts] = {
    name: made(name, rate * 1e12, bandwidth=bandwidth, link=link, tdp=tdp)
    for name, rate, bandwidth, link, tdp in (
        ("a", 312.0, 2.0e12, 300e9, 400.0),
        ("b", 989.0, 3.3e12, 450e9, 700.0),
        ("c", 148.0, 4.0e12, 450e9, 400.0),
        ("d", 120.0, 0.86e12, 32e9, 275.0),
        ("e", 2250.0, 8.0e12, 900e9, 1000.0),
        ("f", 470.0, 1.8e12, 64e9, 600.0),
    )
}
TRUE = Stack(product=0.66, headroom=0.09, stream=0.78, cache=0.7, overlap=1.6, layer_s=35e-6)
"""Its headroom is that of the prior, which therefore does not move it."""
ASKED = (
    ("qwen2.5-7b", 1, 1, 512), ("qwen2.5-14b", 1, 8, 28_000), ("qwen2.5-14b", 1, 64, 200_000),
    ("qwen3-32b", 2, 16, 35_000), ("llama-3.1-70b", 4, 4, 2_000), ("llama-3.1-70b", 8, 32, 90_000),
    ("deepseek-v3", 8, 16, 30_000),
)  # fmt: skip


def row(chip: str, model: str, tp: int, batch: int, tokens: int) -> Row:
    """One line of a table of steps, whose times say nothing yet."""
    words = {"chip": chip, "model": model, "dtype": "bf16", "lengths": "equal"}
    numbers = {
        "tp": tp, "batch": batch, "tokens": tokens, "squares": tokens**2 / batch, "output": 100,
        "prefill_s": 1.0, "decode_s": 1.0,
    }  # fmt: skip
    return Row(words, {key: float(one) for key, one in numbers.items()})


def found() -> list[Case]:
    """Every chip with every question."""
    rows = [row(chip, *asked) for chip in CHIPS for asked in ASKED]
    return cases(rows, CHIPS, workloads())


def timed_by(stack: Stack, every: Sequence[Case], slower: Array | float = 0.0) -> list[Case]:
    """Cases with the times that a stack makes, some of them slower."""
    told = timed(*joined(every), stack).seconds * np.exp(slower)
    return [replace(one, seconds=float(s)) for one, s in zip(every, told, strict=True)]


def close(got: Stack, wanted: Stack, rel: float) -> None:
    """Holds what was fitted to what was put in."""
    for key in ("product", "headroom", "stream", "layer_s"):
        assert getattr(got, key) == pytest.approx(getattr(wanted, key), rel=rel), key


def test_a_row_is_a_prefill_and_a_decode_step_in_the_middle_of_its_output() -> None:
    line = row("b", "llama-3.1-70b", 4, 4, 2_000)
    told = Row(line.words, {**line.numbers, "prefill_s": 0.5, "decode_s": 0.02})
    prefill, decode = cases([told], CHIPS, workloads())
    assert (prefill.phase, prefill.seconds) == ("prefill", 0.5)
    assert (decode.phase, decode.seconds) == ("decode", 0.02)
    model, how, split = workload("llama-3.1-70b"), precision("bf16"), Parallel(tp=4)
    at = Points(np.array([4.0]), np.array([550.0]))
    wanted = step(CHIPS["b"], model, "decode", at, how, split, TRUE).seconds
    assert timed(decode.operators, decode.rates, TRUE).seconds == wanted


def test_cases_side_by_side_take_as_long_as_each_alone() -> None:
    """Chips, models and phases whose operators differ, in one pass."""
    every = found()
    both = timed(*joined(every), TRUE).seconds
    alone = [float(timed(one.operators, one.rates, TRUE).seconds[0]) for one in every]
    assert both == pytest.approx(alone, rel=1e-12)


def test_unequal_prompts_are_told_by_their_squares() -> None:
    line = row("b", "qwen2.5-14b", 1, 8, 28_000)
    more = Row(line.words, {**line.numbers, "squares": 2 * line["squares"]})
    even, uneven = (cases([one], CHIPS, workloads())[0] for one in (line, more))
    flop = [sum(float(one.flop[0]) for one in case.operators) for case in (even, uneven)]
    model = workload("qwen2.5-14b")
    added = 4 * model.layers * model.heads * model.head_dim * line["squares"] / 2
    assert flop[1] - flop[0] == pytest.approx(added, rel=1e-9)


def test_a_fit_finds_the_stack_that_made_the_times() -> None:
    got = fit(timed_by(TRUE, found()))
    close(got, TRUE, 0.01)
    for key in ("cache", "overlap"):
        assert getattr(got, key) == pytest.approx(getattr(TRUE, key), rel=0.05), key


def test_times_move_the_headroom_from_its_prior() -> None:
    got = fit(timed_by(replace(TRUE, headroom=0.2), found()))
    assert 0.13 < got.headroom < 0.2


def test_a_slope_that_one_silicon_would_set_stays_near_its_prior() -> None:
    """Without the chips of a silicon, a throttled chip would decide the headroom."""
    every = [one for one in found() if one.row.chip in {"a", "d", "f"}]
    slower = [1.0 if one.row.chip == "f" and one.phase == "prefill" else 0.0 for one in every]
    got = fit(timed_by(TRUE, every, np.array(slower)))
    assert got.headroom == pytest.approx(0.09, abs=0.05)


def test_what_is_not_looked_for_stays_as_it_was() -> None:
    start = Stack(rows=8.0, link=0.5, experts_s=9e-5)
    got = fit(timed_by(TRUE, found()), start)
    for key in set(Stack.__dataclass_fields__) - set(FREE):
        assert getattr(got, key) == getattr(start, key)


def test_what_is_looked_for_stays_within_its_bounds() -> None:
    got = fit(timed_by(Stack(stream=0.2, overlap=1.0, layer_s=1e-3), found()))
    for key, (low, high, _) in FREE.items():
        assert low * (1 - 1e-6) <= getattr(got, key) <= high * (1 + 1e-6)


def test_noise_and_a_throttled_chip_hardly_move_it() -> None:
    every = found()
    noise = 0.03 * default_rng(3).normal(size=len(every))
    noise += np.array([0.8 if one.row.chip == "f" else 0.0 for one in every])
    got = fit(timed_by(TRUE, every, noise))
    close(replace(got, layer_s=TRUE.layer_s), TRUE, 0.1)
    assert got.layer_s == pytest.approx(TRUE.layer_s, rel=0.5)


def test_a_chip_has_one_vote_however_many_its_cases() -> None:
    """A hundred copies of one slow chip's cases against five chips with one set each."""
    every = found()
    slow = np.array([0.2 if one.row.chip == "f" else 0.0 for one in every])
    once = timed_by(TRUE, every, slow)
    often = once + 20 * [one for one in once if one.row.chip == "f"]
    one, many = fit(once), fit(often)
    for key in ("product", "stream"):
        assert getattr(many, key) == pytest.approx(getattr(one, key), rel=0.05), key


def test_departures_are_logs_of_measured_over_predicted() -> None:
    every = found()
    slower = 0.1 * default_rng(4).normal(size=len(every))
    assert departures(timed_by(TRUE, every, slower), TRUE) == pytest.approx(slower, abs=1e-9)
