"""Reports of records that few runs write: nothing counted, failed, implausible, of many clocks."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.commands import report
from bench.errors import UsageError
from bench.identity.weigh import State
from bench.plot import draw
from bench.plot.registry import record_pictures
from bench.plot.theme import LIGHT
from bench.records.model import Conditions, Measurement, Record
from bench.records.store import read, read_hashed, write
from bench.verification import html
from bench.verification.anomalies import anomalies
from bench.verification.conditions import condition_blocks
from bench.verification.document import Facts, Paragraph, Table
from bench.verification.finding import finding
from bench.verification.fleetpage import fleet_document
from bench.verification.fleetread import read_fleet
from bench.verification.method import method_blocks
from bench.verification.quantities import quantity_blocks
from bench.verification.record import record_document
from tests.verification.cases import GENOA, case_of

Change = Callable[[Measurement], Measurement]


def changed(record: Record, change: Change) -> Record:
    """A record with every measurement changed."""
    return record.model_copy(update={"measurements": tuple(map(change, record.measurements))})


def counted(**amounts: float) -> Change:
    """What sets amounts of the work of a call."""

    def change(one: Measurement) -> Measurement:
        work = one.work.model_copy(update=amounts) if one.work else None
        return one.model_copy(update={"work": work})

    return change


EDGES: dict[str, Change] = {
    "no operations": counted(flop=0.0),
    "no bytes": counted(bytes=0.0),
    "no footprint": counted(footprint_bytes=0.0),
    "no conditions": lambda one: one.model_copy(update={"conditions": Conditions()}),
    "no timing": lambda one: one.model_copy(update={"timing": None}),
    "all skipped": lambda one: one.model_copy(
        update={"status": "skipped", "timing": None, "work": None, "search": None}
    ),
}


@pytest.mark.parametrize("change", EDGES.values(), ids=EDGES)
def test_a_record_without_some_of_it_has_a_report_and_plots(
    sheets: Catalogue, change: Change
) -> None:
    bare = changed(read(GENOA), change)
    assert "Limits of the test" in html.render(record_document(case_of(bare, sheets)))
    for one in record_pictures(bare, sheets):
        assert draw.svg(one, LIGHT).startswith("<svg")


def test_a_rate_of_nothing_counted_judges_nothing(sheets: Catalogue, record: Record) -> None:
    bare = case_of(changed(record, counted(flop=0.0, bytes=0.0, footprint_bytes=0.0)), sheets)
    assert not bare.best
    assert all(row.measured is None for row in bare.judged)


def test_a_device_of_which_a_measurement_failed_does_not_meet_its_sheet(
    tmp_path: Path, sheets: Catalogue, record: Record
) -> None:
    sound = record.model_copy(update={"identity": record.identity})
    first = sound.measurements[0].model_copy(
        update={"status": "failed", "reason": "the result is wrong", "timing": None}
    )
    broken = sound.model_copy(update={"id": "broken", "measurements": (*sound.measurements, first)})
    for one in (sound, broken):
        write(one, tmp_path / "fleet" / f"{one.id}.json")
    found = read_fleet(tmp_path / "fleet", sheets, 0.8).members
    held = {one.failed: replace(one, identity=State.CONSISTENT.value) for one in found}
    assert set(held) == {0, 1}
    assert (held[0].passes, held[0].fails) == (True, False)
    assert (held[1].passes, held[1].fails) == (False, False)
    assert "1 measurement failed; see the anomalies." in finding(case_of(broken, sheets))
    assert "failed" not in finding(case_of(sound, sheets))


def test_an_implausible_rate_does_not_speak_for_a_quantity(
    sheets: Catalogue, record: Record
) -> None:
    found = next(one for one in record.measurements if one.kernel == "memory")
    assert found.work
    more = {"bytes": 100 * found.work.bytes}
    absurd = found.model_copy(update={"work": found.work.model_copy(update=more)})
    both = record.model_copy(update={"measurements": (*record.measurements, absurd)})

    def told(one: Record) -> tuple[str, ...]:
        blocks = quantity_blocks(case_of(one, sheets))
        (table,) = (each for each in blocks if isinstance(each, Table) and each.key == "asked")
        return next(row for row in table.cells if row[0].startswith("memory (DRAM) bandwidth"))

    assert told(both) == told(record)
    alone = record.model_copy(update={"measurements": (absurd,)})
    assert told(alone)[-1].startswith("implausible")


def test_processors_of_many_clocks_have_their_range_published(
    tmp_path: Path, sheets: Catalogue
) -> None:
    genoa = read(GENOA)
    for number in range(5):
        hz = 3.7e9 + number * 1e8  # above what the device itself told
        fixed = changed(genoa, lambda one, hz=hz: one.model_copy(  # type: ignore[misc]
            update={"conditions": one.conditions.model_copy(update={
                "clock_hz": tuple(hz for _ in one.conditions.clock_hz)
            })}
        ))  # fmt: skip
        write(fixed.model_copy(update={"id": f"r{number}"}), tmp_path / f"{number}.json")
    made = fleet_document(read_fleet(tmp_path, sheets, 0.1), None, 0.95)
    (table,) = (one for one in made.blocks if isinstance(one, Table) and one.key == "figures-1")
    published = [row[2] for row in table.cells]
    assert any(" to " in one for one in published)
    assert all(one.count(" to ") <= 1 and ";" not in one for one in published)


def test_the_hash_is_that_of_what_was_read(tmp_path: Path, record: Record) -> None:
    path = tmp_path / "r.json"
    write(record, path)
    again, digest = read_hashed(path)
    assert again == read(path)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_folder_is_not_named_by_what_cannot_be_read(
    tmp_path: Path, sheets: Catalogue, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(record, tmp_path / "a.json")
    (tmp_path / "b.json").write_text("{}", encoding="utf-8")
    whole = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.name == "b.json":
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    ((name, why),) = read_fleet(tmp_path, sheets, 0.1).unreadable
    assert (name, why) == ("b.json", "b.json cannot be read: Permission denied")


def test_a_narrow_interval_is_not_called_wide(sheets: Catalogue, record: Record) -> None:
    def ended(precision: float) -> Change:
        def change(one: Measurement) -> Measurement:
            assert one.timing
            word = {"reason": "budget", "precision": precision, "wanted": 0.01}
            stopped = one.timing.stopped.model_copy(update=word)
            timing = one.timing.model_copy(update={"stopped": stopped})
            return one.model_copy(update={"timing": timing})

        return change

    for precision, wide in ((0.005, False), (0.02, True)):
        found = {one.kind for one in anomalies(case_of(changed(record, ended(precision)), sheets))}
        assert ("interval wider than requested" in found) is wide


def test_a_wrong_exact_result_is_not_called_exact(sheets: Catalogue, record: Record) -> None:
    def told(error: float) -> str:
        wrong = {"passed": not error, "error": error, "tolerance": 0.0}
        made = changed(record, lambda one: one.model_copy(update={
            "check": one.check.model_copy(update=wrong) if one.check else None, "spot_check": None,
        }))  # fmt: skip
        tables = (one for one in method_blocks(case_of(made, sheets)) if isinstance(one, Table))
        return " ".join(next(tables).cells[0])

    assert "exact results" in told(0.0)
    assert "5 where none is allowed" in told(5.0)


def test_throttle_reasons_at_work_are_named_and_none_is_only_not_reported(
    sheets: Catalogue, record: Record
) -> None:
    calm = changed(record, lambda one: one.model_copy(update={"conditions": Conditions()}))
    blocks = condition_blocks(case_of(calm, sheets))
    facts = dict(next(one for one in blocks if isinstance(one, Facts)).pairs)
    assert facts["throttle reasons seen"] == "none reported"
    said = " ".join(one.text for one in blocks if isinstance(one, Paragraph))
    assert "application clocks, display clocks, idle, software power cap; any other" in said


def test_more_accepted_than_can_be_worked_out_is_refused() -> None:
    with pytest.raises(UsageError, match="accept=1001 must be at most 1,000"):
        report.main(["kind=plan", "devices=1000000", "faulty=0.5", "accept=1001"])
    assert report.main(["kind=plan", "devices=1000000", "faulty=0.5", "accept=1000"]) == 0


@pytest.mark.parametrize("seed", ["a  b", " a", "a "])
def test_a_seed_that_would_be_printed_otherwise_is_refused(seed: str) -> None:
    with pytest.raises(UsageError, match="single blanks"):
        report.main(["kind=plan", "devices=10", f"seed='{seed}'"])
