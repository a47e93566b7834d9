"""What the gate compares: runs of one method, device and system, or what is wanted beside it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.errors import UsageError
from bench.gate.differ import comparable, difference_lines, differences
from bench.gate.model import Terms, Verdict
from bench.records.model import DeviceInfo, Record
from bench.records.store import read, write
from tests.folders import ROOT
from tests.gate.cases import as_run, changed, judged, of, of_eight, record, words

SHIPPED = ROOT / "results" / "records"


def with_device(one: Record, **told: object) -> Record:
    return one.model_copy(update={"device": one.device.model_copy(update=told)})


def with_machine(one: Record, **told: object) -> Record:
    return one.model_copy(update={"machine": one.machine.model_copy(update=told)})


def test_another_method_or_other_inputs_are_never_compared() -> None:
    other = record(1).model_copy(update={"method_version": 1})
    with pytest.raises(
        UsageError, match="method of measuring 1 before, 2 now; measure both the same way"
    ):
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
    with pytest.raises(UsageError, match=rf"allow=\[{word}\] compares them anyway"):
        judged(record(2), other)
    found = judged(record(2), other, terms=Terms(allow=(word,)))
    assert any(line.startswith("Changed, as intended: ") for line in found.heading)


def test_other_software_is_told_and_compared() -> None:
    before = with_device(with_machine(record(1), torch="2.6"), driver="1.0", power_limit_w=500.0)
    now = with_device(with_machine(record(2), torch="2.7"), driver="2.0", power_limit_w=400.0)
    found = judged(now, before, terms=Terms(allow=("driver", "runtime")))
    assert "Changed, as intended: driver 1.0 before, 2.0 now." in found.heading
    assert "Changed: torch 2.6 before, 2.7 now; power limit 500 W before, 400 W now." in (
        found.heading
    )
    assert "allow= names what did not change: runtime." in found.heading


def test_of_libraries_and_variables_those_that_changed_are_told() -> None:
    before = with_machine(record(1), libraries=("NCCL 2.27.3", "cuDNN 9.10.2"), variables=())
    now = with_machine(
        record(2), libraries=("NCCL 2.28.0", "cuDNN 9.10.2"), variables=("NCCL_ALGO=Ring",)
    )
    assert (
        "Changed: libraries NCCL 2.27.3 before, NCCL 2.28.0 now; "
        "environment none before, NCCL_ALGO=Ring now."
    ) in judged(now, before).heading
    assert not any("libraries" in line for line in judged(now, record(1)).heading)


def test_another_device_of_a_kind_is_told() -> None:
    one, other = (
        as_run(with_device(record(seed), uid=uid)) for seed, uid in ((1, "a" * 12), (2, "b" * 12))
    )
    assert [str(each) for each in differences(other, one)] == [
        "device of that kind aaaaaaaaaaaa before, bbbbbbbbbbbb now"
    ]
    assert difference_lines(other, [one], ())[-1].startswith(
        "Devices of one kind differ by a few percent"
    )
    assert difference_lines(one, [one], ()) == []


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


def test_real_records_of_one_kind_are_compared_and_every_row_is_told() -> None:
    """Two suites on an H200: rows of both are compared, and a row has a bound on either side."""
    day = SHIPPED / "2026-11-26"
    full, other = (read(day / f"h200-sxm-{name}.json") for name in ("full", "calibrate"))
    found = judged(other, full)
    both = [row for row in found.rows if row.ratio]
    assert len(both) >= 5
    assert all(row.ratio.low <= row.ratio.value <= row.ratio.high for row in both if row.ratio)
    assert Verdict.MISSING not in {row.verdict for row in found.rows}


def test_a_device_without_a_serial_is_not_known_to_be_the_same() -> None:
    one = as_run(record(1))
    real: DeviceInfo = record(1).device
    assert real.uid is None
    assert difference_lines(one, [one], ()) == [
        "No serial number was reported: it may be another device of the same kind."
    ]


def test_what_was_measured_at_once_is_not_set_beside_what_was_measured_alone() -> None:
    with pytest.raises(UsageError, match="measured alone before, 8 devices at once now"):
        judged(of_eight(record(2)), record(1))
    assert judged(of_eight(record(2)), of_eight(record(1))).code == 0
    found = judged(of_eight(record(2)), record(1), terms=Terms(allow=("together",)))
    assert "Changed, as intended: measured alone before" in found.heading[2]


def test_a_refused_run_takes_none_of_its_name_with_it() -> None:
    one = replace(as_run(record(1)), name="0001")
    other = replace(one, facts={**one.facts, "device": "another"})
    for before in ([one, other], [other, one]):
        assert comparable(as_run(record(2)), before, ())[0] == [one]


def test_of_a_set_the_runs_of_the_very_device_are_used() -> None:
    one, other = "a" * 12, "b" * 12
    before = [
        with_device(record(seed, loss), uid=uid).model_copy(update={"id": f"r{seed}"})
        for seed, loss, uid in ((1, 0.0, one), (2, 0.0, one), (3, 0.2, other))
    ]
    now = with_device(record(4), uid=one)
    found = judged(now, *before)
    line = "Of 3 earlier runs, the 2 of this very device are used, not the 1 of others"
    assert f"{line} (allow=[uid] uses them all)." in found.heading
    assert found.against == ("r1", "r2")
    assert not any("differ by a few percent" in line for line in found.heading)
    every = judged(now, *before, terms=Terms(allow=("uid",)))
    assert len(every.against) == 3
    assert len(judged(with_device(record(4), uid="c" * 12), *before).against) == 3
    assert len(judged(with_device(record(4), uid=None), *before).against) == 3


def test_a_shape_taken_over_from_the_phase_alone_is_no_part_of_a_name() -> None:
    def at_once(seed: int, side: int) -> Record:
        one = of_eight(record(seed))
        return changed(
            one,
            lambda old: old.model_copy(update={"parameters": {**old.parameters, "m": side}})
            if old.kernel == "gemm" else old,
        )  # fmt: skip

    found = judged(at_once(2, 8192), at_once(1, 4096))
    assert {row.verdict for row in found.rows} <= {Verdict.SAME, Verdict.AMBIGUOUS}
    assert of(found, "bf16").taken.title == "bf16 matrix"
