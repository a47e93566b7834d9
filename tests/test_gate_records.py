"""The gate on records: what fake devices that changed, or did not, are called; the bars, small."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.gate.compare import compare
from bench.gate.differ import comparable, differences, told
from bench.gate.group import groups, lone
from bench.gate.model import Finding, Row, Terms, Verdict
from bench.gate.recorded import goes_with_clock
from bench.gate.sheet import against_sheet
from bench.measure.item import Item
from bench.measure.runner import Weighted
from bench.records.model import Check, DeviceInfo, Measurement, Record
from bench.records.store import read, write
from tests.benchmarks.gate_bars import Case, findings, tally
from tests.gate_cases import ITEMS, SHAPE, as_run, changed, record

SHIPPED = Path(__file__).resolve().parent.parent / "results" / "records"


def judged(now: Record, *before: Record, terms: Terms | None = None) -> Finding:
    return compare(as_run(now), [as_run(one) for one in before], terms or Terms())


def of(finding: Finding, word: str) -> Row:
    """The one row whose title has a word in it."""
    (row,) = [row for row in finding.rows if word in row.taken.title]
    return row


def words(finding: Finding) -> dict[str, str]:
    return {row.taken.title.split(", ")[-1]: row.verdict.value for row in finding.rows}


def with_device(one: Record, **told: object) -> Record:
    return one.model_copy(update={"device": one.device.model_copy(update=told)})


def with_machine(one: Record, **told: object) -> Record:
    return one.model_copy(update={"machine": one.machine.model_copy(update=told)})


# what changed


def test_identical_code_is_the_same() -> None:
    found = judged(record(2), record(1))
    assert set(words(found).values()) == {"same"}
    assert (found.code, found.title) == (0, "gate: not slower (3 same)")


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
        Verdict.AMBIGUOUS, "the clock fell by 4.0%: no change of code",
    )  # fmt: skip
    assert row.clock == pytest.approx(0.96)
    assert words(found)["copy"] == "same"
    assert found.code == 3


def test_what_the_clock_does_not_account_for_is_told_by_the_clock() -> None:
    row = of(judged(record(2, 0.06, clock_share=0.98), record(1)), "bf16")
    assert row.verdict is Verdict.SLOWER
    assert re.fullmatch(r"the clock fell by 2\.0%: [56]\.\d% slower a clock", row.reason)


def test_a_throttled_run_proves_nothing() -> None:
    found = judged(record(2, throttle_after_s=0.2, throttle_to=0.9), record(1))
    assert "software thermal slowdown" in of(found, "bf16").reason
    assert of(found, "triad").reason.startswith("this run was disturbed: throttled")
    assert found.code == 3


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
    assert found.rows[0].reason == "failed now: wrong result: relative error 1"


# a set of runs


def test_what_runs_differ_by_is_learnt_from_a_set() -> None:
    """Runs that differ by 2%: one more is the same beside the set, and slower beside the best."""
    losses = (0.0, 0.02, 0.035, 0.01)
    before = [record(seed, loss) for seed, loss in enumerate(losses, 11)]
    now = record(20, 0.04)
    assert judged(now, before[0]).code == 1
    found = judged(now, *before)
    assert Verdict.SLOWER not in {row.verdict for row in found.rows}
    assert any("What lies between the 4 runs before" in note for note in found.notes)
    assert judged(record(20, 0.30), *before).code == 1


def test_a_set_of_quiet_runs_finds_a_loss_as_one_run_does() -> None:
    found = judged(record(20, 0.03), *(record(seed) for seed in range(1, 6)))
    assert set(words(found).values()) == {"slower"}
    assert len(of(found, "bf16").before) == 5


# circumstances


def test_another_method_or_other_inputs_are_never_compared() -> None:
    other = record(1).model_copy(update={"method_version": 2})
    with pytest.raises(UsageError, match="method of measuring 2 before, 1 now; measure both alike"):
        judged(record(2), other, terms=Terms(allow=("device", "machine")))
    zeros = changed(record(1), lambda one: one.model_copy(update={"data": "zeros"}))
    with pytest.raises(UsageError, match=r"inputs \(data=\) zeros before, normal now"):
        judged(record(2), zeros)


@pytest.mark.parametrize("word", ["device", "machine"])
def test_another_device_or_system_is_compared_only_where_it_is_wanted(word: str) -> None:
    other = {
        "device": with_device(record(1), name="another"),
        "machine": with_machine(record(1), system="Plan 9"),
    }[word]
    with pytest.raises(UsageError, match=rf"allow=\[{word}\] compares them all the same"):
        judged(record(2), other)
    found = judged(record(2), other, terms=Terms(allow=(word,)))
    assert any(line.startswith("Changed, as wanted: ") for line in found.heading)


def test_other_software_is_told_and_compared() -> None:
    before = with_device(with_machine(record(1), torch="2.6"), driver="1.0", power_limit_w=500.0)
    now = with_device(with_machine(record(2), torch="2.7"), driver="2.0", power_limit_w=400.0)
    found = judged(now, before, terms=Terms(allow=("driver", "runtime")))
    assert "Changed, as wanted: driver 1.0 before, 2.0 now." in found.heading
    assert "Changed: torch 2.6 before, 2.7 now; power limit 500 W before, 400 W now." in (
        found.heading
    )
    assert "allow= names what did not change: runtime." in found.heading


def test_another_device_of_a_kind_is_told() -> None:
    one, other = (
        as_run(with_device(record(seed), uid=uid)) for seed, uid in ((1, "a" * 12), (2, "b" * 12))
    )
    assert [str(each) for each in differences(other, one)] == [
        "device of that kind aaaaaaaaaaaa before, bbbbbbbbbbbb now"
    ]
    assert told(other, [one], ())[-1].startswith("Devices of one kind differ by some percent")
    assert told(one, [one], ()) == []


def test_of_a_set_only_what_may_be_compared_is(tmp_path: Path) -> None:
    found = judged(record(2), record(1), with_device(record(3), name="another"))
    assert len(of(found, "bf16").before) == 1
    assert any(line.startswith("Left out: ") for line in found.heading)
    broken = tmp_path / "set"
    write(record(1), broken / "a.json")
    (broken / "b.json").write_text('{"id": "b", "schema_version": 2}')
    write(record(2), tmp_path / "now.json")
    assert main(["gate", f"record={tmp_path / 'now.json'}", f"against={broken}"]) == 0


def test_a_run_that_did_not_finish_is_told() -> None:
    cut = record(2).model_copy(update={"state": "interrupted"})
    assert f"{cut.id} was interrupted." in judged(cut, record(1)).heading


def test_runs_without_a_measurement_in_common_are_refused() -> None:
    with pytest.raises(UsageError, match="have no measurement in common"):
        judged(record(2, items=(0,)).model_copy(update={"suite": "x"}), record(1, items=(2,)))


def test_rows_of_another_suite_are_not_missing() -> None:
    found = judged(record(2, items=(0,)).model_copy(update={"suite": "small"}), record(1))
    assert words(found) == {"copy": "same"}


# which clock a rate goes with


@pytest.mark.parametrize(
    ("told", "goes"),
    [
        ({"figures": ("matrix_bf16",)}, True),
        ({"figures": ("memory_bandwidth",)}, False),
        ({"figures": (), "kernel": "cache", "quantity": "byte_rate"}, True),
        ({"figures": (), "kernel": "launch", "quantity": "item_seconds"}, False),
        ({"figures": ("memory_capacity",), "quantity": "footprint", "decides": False}, False),
        ({"figures": (), "work": None}, True),
        ({"figures": ("memory_bandwidth",), "decides": False, "work": None}, False),
    ],
)
def test_operations_and_caches_go_with_the_clock_and_memory_does_not(
    told: dict[str, object], *, goes: bool, sheets: Catalogue
) -> None:
    one = record(1).measurements[2].model_copy(update=told)
    assert goes_with_clock(one, sheets.find("h20")) is goes


@pytest.mark.parametrize(("intensity", "goes"), [(0.1, False), (0.5, False), (64.0, True)])
def test_without_a_figure_the_ridge_of_the_sheet_tells(
    intensity: float, *, goes: bool, sheets: Catalogue
) -> None:
    plain = record(1).measurements[2]
    assert plain.work is not None
    work = plain.work.model_copy(update={"flop": intensity * plain.work.bytes})
    told = {"dtype": "fp32", "work": work, "decides": False}
    for figures in ((), ("memory_bandwidth",)):
        one = plain.model_copy(update={**told, "figures": figures})
        assert goes_with_clock(one, sheets.find("h20")) is goes


# a sheet


def test_each_figure_of_a_sheet_is_reached_or_not(sheets: Catalogue) -> None:
    chip = sheets.find("h20")
    found = against_sheet(record(1), chip, sheets, 0.10)
    ordinary = {row.taken.title: (row.verdict.value, row.counts) for row in found.rows}
    assert ordinary["memory bandwidth, triad"] == ("same", False)
    assert len(found.rows) == 2  # the streams are one figure
    slow = against_sheet(record(2, 0.2), chip, sheets, 0.10)
    assert (slow.code, {row.verdict.value for row in slow.rows}) == (1, {"slower"})
    assert against_sheet(record(2, 0.2), chip, sheets, 0.5).code == 0
    assert len(found.sources) == 1
    assert all(row.before[0].shown.endswith(" [1]") for row in found.rows)


def test_another_chip_is_refused_unless_it_is_wanted(sheets: Catalogue) -> None:
    with pytest.raises(UsageError, match="is of nvidia-h20-sxm-96gb, not of nvidia-h100"):
        against_sheet(record(1), sheets.find("h100"), sheets, 0.1)
    assert against_sheet(record(1), sheets.find("h100"), sheets, 0.1, ("chip",)).code == 1


def test_a_failure_and_an_implausible_figure_count_against_a_sheet(sheets: Catalogue) -> None:
    chip = sheets.find("h20")
    failed = against_sheet(record(2, broken=("bf16",)), chip, sheets, 0.1)
    assert failed.rows[0].verdict is Verdict.FAILED
    gone = against_sheet(record(3, eliminated=("bf16",)), chip, sheets, 0.1)
    assert of(gone, "bf16").verdict is Verdict.AMBIGUOUS
    assert gone.code == 3


# real records


def test_real_records_of_one_kind_are_compared_and_every_row_is_told() -> None:
    """Two suites on an H200: rows of both are compared, and a row has a bound on either side."""
    day = SHIPPED / "2026-11-26"
    full, other = (read(day / f"h200-sxm-{name}.json") for name in ("full", "calibrate"))
    found = judged(other, full)
    both = [row for row in found.rows if row.ratio]
    assert len(both) >= 5
    assert all(row.ratio.low <= row.ratio.value <= row.ratio.high for row in both if row.ratio)
    assert Verdict.MISSING not in {row.verdict for row in found.rows}


# the bars: tests/benchmarks/gate_bars.py runs them in full


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


def test_a_device_without_a_serial_is_not_known_to_be_the_same() -> None:
    one = as_run(record(1))
    real: DeviceInfo = record(1).device
    assert real.uid is None
    assert told(one, [one], ()) == [
        "Whether it is the same device of its kind is not known: none told its serial."
    ]


def test_a_measurement_of_nothing_counted_is_no_row() -> None:
    def bare(one: Measurement) -> Measurement:
        assert one.work is not None
        work = one.work.model_copy(update={"flop": 0.0, "bytes": 0.0})
        return one.model_copy(update={"work": work})

    found = judged(
        changed(record(2), lambda one: bare(one) if one.kernel == "gemm" else one), record(1)
    )
    assert of(found, "bf16").reason == "skipped now: there is no work to tell a rate of"


def of_eight(one: Record) -> Record:
    """A record that says that it was measured beside seven other devices."""
    return one.model_copy(update={"settings": {**one.settings, "together": 8}})


def test_what_was_measured_at_once_is_not_set_beside_what_was_measured_alone() -> None:
    with pytest.raises(UsageError, match="measured alone before, 8 devices at once now"):
        judged(of_eight(record(2)), record(1))
    assert judged(of_eight(record(2)), of_eight(record(1))).code == 0
    found = judged(of_eight(record(2)), record(1), terms=Terms(allow=("together",)))
    assert "Changed, as wanted: measured alone before" in found.heading[1]


def test_a_sheet_is_told_that_a_device_was_not_alone(sheets: Catalogue) -> None:
    found = against_sheet(of_eight(record(1)), sheets.find("h20"), sheets, 0.1)
    assert "8 devices at once: not what one reaches alone" in found.heading[1]


def test_a_refused_run_takes_none_of_its_name_with_it() -> None:
    one = replace(as_run(record(1)), name="0001")
    other = replace(one, facts={**one.facts, "device": "another"})
    for before in ([one, other], [other, one]):
        assert comparable(as_run(record(2)), before, ())[0] == [one]


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
