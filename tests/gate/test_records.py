"""What fake devices that changed, or did not, are called by the gate; the bars, small.

``tests/benchmarks/gate_bars.py`` runs the bars in full.
"""

import re

import pytest

from bench.chips.load import catalogue
from bench.gate.group import groups, lone
from bench.gate.model import Verdict
from bench.gate.report import CODES, code_line, report
from bench.judging.throttle import Throttle
from bench.judging.verdict import row_of
from bench.measure.item import Item
from bench.measure.runner import Weighted
from bench.records.model import Check, Measurement, Record
from tests.benchmarks.gate_bars import Case, findings, tally
from tests.gate.cases import ITEMS, SHAPE, as_run, changed, judged, of, record, words


def test_identical_code_is_the_same() -> None:
    found = judged(record(2), record(1))
    assert set(words(found).values()) == {"same"}
    assert (found.code, found.title) == (0, "gate: not slower (3 same)")


def test_titles_are_those_of_the_records_own_report() -> None:
    """The H20 prints no matrix rate of fp32: such a product tests its vector rate."""

    def of_fp32(one: Measurement) -> Measurement:
        return one.model_copy(update={"dtype": "fp32", "figures": ("matrix_fp32", "vector_fp32")})

    runs = [changed(record(seed, items=(2,)), of_fp32) for seed in (2, 1)]
    (row,) = judged(*runs).rows
    assert row.taken.title == "fp32 vector, 4096 x 4096 x 4096"
    shown = row_of(runs[0], runs[0].measurements[0], catalogue())
    assert row.taken.title.startswith(shown.title)
    assert row.taken.of["figure"] == shown.key == "vector_fp32"


def test_a_loss_in_every_rate_is_slower_and_a_gain_faster() -> None:
    slow, fast = judged(record(2, 0.03), record(1)), judged(record(2), record(1, 0.03))
    assert set(words(slow).values()) == {"slower"}
    assert slow.code == 1
    assert set(words(fast).values()) == {"faster"}
    assert fast.code == 0
    ratio = of(slow, "bf16").ratio
    assert ratio is not None
    assert ratio.low < 0.97 < ratio.high


def test_a_lower_clock_is_no_change_of_code_and_memory_does_not_go_with_it() -> None:
    found = judged(record(2, clock_share=0.96), record(1))
    row = of(found, "bf16")
    assert (row.verdict, row.reason) == (
        Verdict.EXPLAINED, "the clock fell by 4.0%: no change of code",
    )  # fmt: skip
    assert row.clock == pytest.approx(0.96)
    assert words(found)["copy"] == "same"
    assert (found.code, found.title) == (3, "gate: slower, but explained (1 explained, 2 same)")
    assert code_line(found) == (
        "Exit code 3: 1 row is slower; the clock, throttling or another disturbance accounts for "
        "it."
    )


@pytest.mark.parametrize(
    ("share", "told", "reason"),
    [
        (
            1.0, {"throttle": (Throttle.POWER_CAP,)},
            "the clock fell by 4.0% (software power cap): at a power cap it depends on the code",
        ),
        (0.8, {}, "the clock fell by 23.2%: 25.0% faster per clock cycle"),
    ],
)  # fmt: skip
def test_a_clock_that_the_code_may_have_lowered_or_a_rate_that_went_otherwise_is_ambiguous(
    share: float, told: dict[str, object], reason: str
) -> None:
    def with_clock(one: Measurement) -> Measurement:
        clocks = tuple(hertz * share for hertz in one.conditions.clock_hz)
        seen = one.conditions.model_copy(update={"clock_hz": clocks, **told})
        return one.model_copy(update={"conditions": seen})

    row = of(judged(changed(record(2, clock_share=0.96), with_clock), record(1)), "bf16")
    assert (row.verdict, row.counts) == (Verdict.AMBIGUOUS, True)
    assert re.sub(r"2[45]\.\d% faster", "25.0% faster", row.reason) == reason


def test_another_way_of_computing_is_a_change_of_code() -> None:
    def grouped(one: Measurement) -> Measurement:
        return one.model_copy(update={"parameters": {**one.parameters, "way": "grouped"}})

    row = of(judged(changed(record(2, clock_share=0.96), grouped), record(1)), "bf16")
    assert row.verdict is Verdict.AMBIGUOUS
    assert row.reason == "the clock fell by 4.0%; another configuration: way=grouped"


def test_code_that_lost_what_a_throttled_run_before_had_lost_is_not_the_same() -> None:
    found = judged(record(2, 0.1, (2,)), record(1, items=(2,), clock_share=0.9))
    row = of(found, "bf16")
    assert (row.verdict, row.code, found.code) == (Verdict.AMBIGUOUS, 3, 3)
    told = (
        r"the clock rose by 11\.1%, on which this rate depends: (9|10)\.\d% slower per clock cycle"
    )
    assert re.match(told, row.reason)


def test_what_the_clock_does_not_account_for_is_told_by_the_clock() -> None:
    row = of(judged(record(2, 0.06, clock_share=0.98), record(1)), "bf16")
    assert row.verdict is Verdict.SLOWER
    assert re.fullmatch(r"the clock fell by 2\.0%: [56]\.\d% slower per clock cycle", row.reason)


def test_a_throttled_run_proves_nothing() -> None:
    found = judged(record(2, throttle_after_s=0.2, throttle_to=0.9), record(1))
    assert "software thermal slowdown" in of(found, "bf16").reason
    assert of(found, "triad").reason.startswith("this run was disturbed: throttled")
    assert found.code == 3
    assert "rows are slower; the clock, throttling or another dis" in code_line(found)
    assert {row["verdict"] for row in report(found).flat} == {"explained"}


def test_a_disturbed_baseline_makes_a_faster_row_ambiguous_and_explains_none() -> None:
    found = judged(record(1), record(2, throttle_after_s=0.2, throttle_to=0.9))
    assert set(words(found).values()) == {"ambiguous"}
    assert (found.code, code_line(found)) == (0, CODES[0])


def test_runs_of_which_each_has_another_measurement_are_one_run_of_each() -> None:
    earlier = [record(1, items=(0,)), record(3, items=(1,)), record(4, items=(2,))]
    found = judged(record(2), *earlier)
    assert "before 3 runs" in found.heading[0]
    assert found.heading[0].endswith("; each measurement is in one of them only.")
    assert any(one.startswith("A single earlier run does not show") for one in found.notes)


def test_noise_that_hides_a_change_is_ambiguous_and_not_the_same() -> None:
    found = judged(record(2, noise="correlated", noise_level=0.05), record(1))
    assert "too noisy: anything from" in of(found, "bf16").reason
    assert found.code == 3


def test_a_wrong_result_fails_and_a_lost_measurement_is_missing() -> None:
    wrong = judged(record(2, broken=("bf16",)), record(1))
    assert of(wrong, "bf16").verdict is Verdict.FAILED
    assert (wrong.code, wrong.rows[0]) == (1, of(wrong, "bf16"))
    lost = judged(record(2, items=(0, 2)), record(1))
    assert (of(lost, "triad").verdict, lost.code) == (Verdict.MISSING, 3)
    back = judged(record(1), record(2, broken=("bf16",)))
    assert (of(back, "bf16").verdict, back.code) == (Verdict.NEW, 0)
    assert of(back, "bf16").reason.startswith("failed before: the result is wrong")


def test_a_spot_check_that_fails_is_a_failure_whatever_the_speed() -> None:
    bad = Check(passed=False, error=1.0, tolerance=1e-6, shape="-")
    now = changed(record(2), lambda one: one.model_copy(update={"spot_check": bad}))
    found = judged(now, record(1))
    assert set(words(found).values()) == {"failed"}
    assert found.rows[0].reason == "wrong result: relative error 1"


def test_what_runs_differ_by_is_learnt_from_a_set() -> None:
    """Runs that differ by 2%: one more is the same beside the set, and slower beside the best."""
    losses = (0.0, 0.02, 0.035, 0.01)
    before = [record(seed, loss) for seed, loss in enumerate(losses, 11)]
    now = record(20, 0.04)
    assert judged(now, before[0]).code == 1
    found = judged(now, *before)
    assert Verdict.SLOWER not in {row.verdict for row in found.rows}
    assert any("The spread of the 4 earlier runs" in note for note in found.notes)
    assert judged(record(20, 0.30), *before).code == 1


def test_a_set_of_quiet_runs_finds_a_loss_as_one_run_does() -> None:
    found = judged(record(20, 0.03), *(record(seed) for seed in range(1, 6)))
    assert set(words(found).values()) == {"slower"}
    assert len(of(found, "bf16").before) == 5


FEW = Case(tuple(Weighted(item, 1.0) for item in (*ITEMS, Item("gemm", "fp16", fixed=SHAPE))), 12.0)


@pytest.mark.parametrize("noise", ["heavy", "correlated", "bursts", "periodic"])
def test_identical_code_is_not_called_slower_by_noise(noise: str) -> None:
    found = tally(findings(noise, 0.05, 8, case=FEW))
    assert found.hit == 0
    assert found.rows.total() == 32


def test_a_loss_of_three_percent_is_found_at_one_percent_noise() -> None:
    found = tally(findings("white", 0.01, 8, 0.03, case=FEW))
    assert found.hit == 8
    assert found.rows[Verdict.SLOWER] >= 0.8 * found.rows.total()


def test_a_measurement_of_nothing_counted_is_no_row() -> None:
    def bare(one: Measurement) -> Measurement:
        assert one.work is not None
        work = one.work.model_copy(update={"flop": 0.0, "bytes": 0.0})
        return one.model_copy(update={"work": work})

    found = judged(
        changed(record(2), lambda one: bare(one) if one.kernel == "gemm" else one), record(1)
    )
    assert (
        of(found, "bf16").reason == "skipped now: no work is recorded from which to compute a rate"
    )


def test_what_was_skipped_before_and_fails_now_did_not_fail_before() -> None:
    def ended(one: Record, status: str) -> Record:
        told = {"status": status, "reason": "boom", "timing": None}
        return changed(one, lambda each: each.model_copy(update=told))

    both = {
        "skipped": ("new", "fails, skipped before: boom"),
        "failed": ("same", "fails as before: boom"),
    }
    for before, wanted in both.items():
        now = as_run(ended(record(2), "failed"))
        had = as_run(ended(record(1), before))
        rows = [row for row in (lone(one, 1) for one in groups(now, [had])) if row]
        assert {(row.verdict.value, row.reason) for row in rows} == {wanted}


def test_a_row_that_is_the_same_has_no_remarks() -> None:
    def shaped(one: Record, way: str) -> Record:
        return changed(
            one,
            lambda old: old.model_copy(update={"parameters": {**old.parameters, "way": way}}),
        )

    found = judged(shaped(record(2), "a"), shaped(record(1), "b"))
    assert {row.reason for row in found.rows if row.verdict is Verdict.SAME} == {""}
