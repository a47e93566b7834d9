"""Fleets: what is alike together, who differs, what could not be read."""

import io
import json
from collections.abc import Callable
from math import log
from pathlib import Path
from statistics import median

import numpy as np
import pypdf
import pytest

from bench.__main__ import main
from bench.chips.load import Catalogue
from bench.devices.fake import FakeDevice, FakeSpec
from bench.errors import UsageError
from bench.fleet.outliers import FALSE_ALARM, LEAST, LEAST_DEVICES, limit_of, outliers
from bench.judging.verdict import Verdict
from bench.measure.item import Item
from bench.measure.runner import Watcher, run
from bench.measure.session import LocalSession
from bench.records.model import Measurement, Record
from bench.records.store import write
from bench.shapes import FleetConfig
from bench.verification import html, pdf
from bench.verification.document import Document, Heading, Paragraph, Table
from bench.verification.fleet import Fleet
from bench.verification.fleetpage import fleet_document
from bench.verification.fleetread import read_fleet
from bench.verification.sampling import most_faulty
from tests.conftest import order

Spoil = Callable[[Record], Record]


def slower(record: Record, factor: float, name: str) -> Record:
    """A record of which every call took ``factor`` times as long."""
    found = tuple(_slower(one, factor) for one in record.measurements)
    return record.model_copy(update={"id": name, "measurements": found})


def _slower(one: Measurement, factor: float) -> Measurement:
    assert one.timing
    held = one.timing.stats
    times = {key: getattr(held, key) * factor for key in ("median_s", "low_s", "high_s", "burst_s")}
    samples = tuple(each * factor for each in one.timing.samples_s)
    stats = held.model_copy(update=times)
    timing = one.timing.model_copy(update={"stats": stats, "samples_s": samples})
    return one.model_copy(update={"timing": timing})


@pytest.fixture
def folder(tmp_path: Path, record: Record) -> Path:
    """Seven records of a kind, of which the last is a fifth slower."""
    place = tmp_path / "fleet"
    for number, factor in enumerate((1.0, 1.001, 0.999, 1.002, 0.998, 1.0005, 1.2)):
        write(slower(record, factor, f"run-{number}"), place / f"node-{number}" / "record.json")
    return place


@pytest.fixture
def fleet(folder: Path, sheets: Catalogue) -> Fleet:
    """They, read."""
    return read_fleet(folder, sheets, 0.1)


def tables(document: Document) -> dict[str, Table]:
    """The tables of a document that have a name for programs."""
    return {one.key: one for one in document.blocks if isinstance(one, Table) and one.key}


def sentences(document: Document) -> str:
    """All that is said in paragraphs."""
    return " ".join(one.text for one in document.blocks if isinstance(one, Paragraph))


def test_a_fleet_has_its_medians_spreads_and_ends(fleet: Fleet) -> None:
    (group,) = fleet.groups
    assert len(group.members) == 7
    for spread in group.spreads:
        rates = {
            one.number: one.best[spread.tested].measured.value  # type: ignore[union-attr]
            for one in group.members
        }
        middle = median(rates.values())
        assert spread.middle == pytest.approx(middle)
        away = median(abs(log(one / middle)) for one in rates.values())
        assert spread.deviation == pytest.approx(1.4826 * away * middle)
        assert rates[spread.low] == min(rates.values())
        assert rates[spread.high] == max(rates.values())
        assert spread.low == 7
        assert [one.number for one in spread.outliers] == [7]
        verdicts = [one.best[spread.tested].verdict for one in group.members]
        for verdict in (Verdict.REACHED, Verdict.SHORT, Verdict.UNDECIDED):
            assert spread.count(verdict) == verdicts.count(verdict)


def test_the_report_names_devices_files_and_outliers(fleet: Fleet) -> None:
    made = fleet_document(fleet, None, 0.95)
    found = tables(made)
    assert {row["outliers"] for row in found["figures-1"].flat} == {"7"}
    assert [row["record"] for row in found["devices"].flat] == [f"run-{n}" for n in range(7)]
    assert found["devices"].flat[6]["file"] == "node-6/record.json"
    assert made.name == "fleet-7"
    assert "FAKE" in made.title
    page = html.render(made)
    assert "node-6/record.json" in page
    assert "#7 (" in page
    reader = pypdf.PdfReader(io.BytesIO(pdf.render(made)))
    assert "run-6" in " ".join(one.extract_text() for one in reader.pages)
    assert pdf.render(made) == pdf.render(fleet_document(fleet, None, 0.95))


def test_a_shipment_is_bounded_by_what_failed(fleet: Fleet) -> None:
    (row,) = tables(fleet_document(fleet, 100, 0.9))["shipment"].flat
    failed = sum(one.fails for one in fleet.members)
    unsure = sum(not one.fails and not one.passes for one in fleet.members)
    assert failed >= 1
    assert (row["tested"], row["failed"], row["undecided"]) == (7, failed, unsure)
    assert row["faulty_devices_most"] == most_faulty(100, 7, failed, 0.9)
    assert row["faulty_devices_most_with_undecided"] == most_faulty(100, 7, failed + unsure, 0.9)


def test_one_device_of_a_kind_bounds_no_shipment(
    tmp_path: Path, sheets: Catalogue, record: Record
) -> None:
    write(record, tmp_path / "one.json")
    found = read_fleet(tmp_path, sheets, 0.1)
    made = tables(fleet_document(found, 100, 0.95))["shipment"]
    assert made.flat[0]["faulty_devices_most"] is None
    assert made.flat[0]["faulty_devices_most_with_undecided"] is None
    assert made.cells[0][-2:] == ("no bound of one device",) * 2
    whole = tables(fleet_document(found, 1, 0.95))["shipment"]
    assert whole.flat[0]["faulty_devices_most_with_undecided"] == int(not found.members[0].passes)


def test_records_that_look_like_repeats_of_one_device_are_warned_of_first(
    tmp_path: Path, folder: Path, sheets: Catalogue, record: Record
) -> None:
    first = next(
        one for one in fleet_document(read_fleet(folder, sheets, 0.1), None, 0.95).blocks
        if isinstance(one, Paragraph)
    )  # fmt: skip
    assert first.strong
    assert first.text.startswith("7 of 7 records may be repeats of the same device")
    assert "no serial number, so this cannot be determined" in first.text
    for number in range(2):
        apart = changed("device", pci=f"10de:{number}")(slower(record, 1.0, f"run-{number}"))
        write(apart, tmp_path / "apart" / f"{number}.json")
    other = fleet_document(read_fleet(tmp_path / "apart", sheets, 0.1), None, 0.95)
    assert "may be repeats" not in sentences(other)


def test_serials_and_nodes_tell_devices_apart_and_show_repeats(
    tmp_path: Path, sheets: Catalogue, record: Record
) -> None:
    place = tmp_path / "told"
    told = {"a": ("0123456789ab", None), "b": ("ba9876543210", None), "c": (None, "n1"),
            "d": (None, "n2")}  # fmt: skip
    for name, (uid, node) in told.items():
        one = changed("machine", node=node)(changed("device", uid=uid)(record))
        write(slower(one, 1.0, name), place / f"{name}.json")
    made = fleet_document(read_fleet(place, sheets, 0.1), None, 0.95)
    assert "repeats of" not in sentences(made)
    names = {row[2].partition(", ")[2] for row in tables(made)["devices"].cells}
    assert names == {"", "node n1", "node n2"}
    again = changed("device", uid="0123456789ab")(slower(record, 1.0, "e"))
    write(again, place / "e.json")
    found = read_fleet(place, sheets, 0.1)
    assert (len(found.members), len(found.devices)) == (4, 4)
    assert found.superseded == (("e.json", "#1, a.json"),)
    assert "5 records of 4 devices: " in sentences(fleet_document(found, None, 0.95))


def test_of_several_records_of_a_device_the_least_favourable_is_counted(
    tmp_path: Path, sheets: Catalogue, record: Record
) -> None:
    for name, factor in (("a", 1.0), ("b", 9.0), ("c", 1.0)):
        one = changed("device", uid="0123456789ab")(slower(record, factor, name))
        write(one, tmp_path / "told" / f"{name}.json")
    found = read_fleet(tmp_path / "told", sheets, 0.1)
    assert [one.file for one in found.members] == ["b.json"]
    assert found.members[0].fails


def test_a_device_measured_alone_and_at_once_is_one_device_of_two_kinds(
    tmp_path: Path, sheets: Catalogue, record: Record
) -> None:
    for number in range(3):
        for together in (1, 3):
            one = changed("device", uid=f"{number:012x}")(
                slower(record, 1.0, f"{number}{together}")
            )
            settings = {**one.settings, "together": together}
            told = one.model_copy(update={"settings": settings})
            write(told, tmp_path / "told" / f"{number}-{together}.json")
    found = read_fleet(tmp_path / "told", sheets, 0.1)
    assert [[one.number for one in group.members] for group in found.groups] == [[1, 2, 3]] * 2
    assert [dict(group.kind)["measured"] for group in found.groups] == [
        "alone", "3 devices at once",
    ]  # fmt: skip
    made = fleet_document(found, None, 0.95)
    assert "6 records of 3 devices: " in sentences(made)


def test_a_fleet_says_what_to_agree_on_and_when_the_line_fails_whole(
    folder: Path, sheets: Catalogue
) -> None:
    for margin, whole in ((0.0001, True), (0.89, False)):
        found = read_fleet(folder, sheets, margin)
        assert all(one.fails for one in found.members) is whole
        told = sentences(fleet_document(found, None, 0.95))
        assert ("Every device of kind 1 is below the limit" in told) is whole
        assert f"margin={margin:g} asks each for {100 * (1 - margin):.4g}%" in told
        assert "Agree on the acceptance limit before the test" in told


def test_a_shipment_smaller_than_its_sample_is_refused(fleet: Fleet) -> None:
    with pytest.raises(UsageError, match="devices=6: 7 devices of a kind were tested"):
        fleet_document(fleet, 6, 0.95)


def changed(place: str, **values: str | None) -> Spoil:
    """What changes words of a record's part."""
    return lambda one: one.model_copy(update={place: getattr(one, place).model_copy(update=values)})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one.model_copy(update={"method_version": 1}),
        lambda one: one.model_copy(update={"suite": "other"}),
        lambda one: one.model_copy(update={"settings": {"data": "zeros"}}),
        lambda one: one.model_copy(update={"settings": {"dtype": "bf16", "m": 64}}),
        changed("device", driver="9"),
        changed("machine", torch="9"),
        changed("identity", chip="nvidia-h100-sxm-80gb"),
    ],
    ids=["method", "suite", "inputs", "sizes", "driver", "torch", "chip"],
)
def test_what_differs_is_not_mixed(
    folder: Path, sheets: Catalogue, record: Record, spoil: Spoil
) -> None:
    write(spoil(slower(record, 1.0, "other")), folder / "other.json")
    found = read_fleet(folder, sheets, 0.1)
    assert sorted(len(one.members) for one in found.groups) == [1, 7]
    made = fleet_document(found, None, 0.95)
    assert "They are of 2 kinds" in sentences(made)
    heads = [one.text for one in made.blocks if isinstance(one, Heading)]
    assert sum(one.startswith("Kind ") for one in heads) == 2


def test_fixed_shapes_of_one_figure_are_figures_of_their_own(
    tmp_path: Path, sheets: Catalogue
) -> None:
    """The larger shape spoke for the smaller, in spreads, outliers and in which devices meet."""
    items = [Item("gemm", "bf16", fixed={"m": m, "n": 8192, "k": 8192}) for m in (2048, 8192)]
    device = LocalSession(FakeDevice(FakeSpec(noise="none")))
    whole = run(device, order(tmp_path, *items), sheets, Watcher())
    small, large = whole.measurements
    for number in range(6):
        spoilt = (_slower(small, 4.0 if number == 5 else 1.0), large)
        one = whole.model_copy(update={"id": f"run-{number}", "measurements": spoilt})
        write(one, tmp_path / "fleet" / f"{number}.json")
    fleet = read_fleet(tmp_path / "fleet", sheets, 0.5)
    figures = tables(fleet_document(fleet, None, 0.95))["figures-1"]
    assert [row[0] for row in figures.cells] == [
        "bf16 matrix, 2048 x 8192 x 8192", "bf16 matrix, 8192 x 8192 x 8192"
    ]  # fmt: skip
    assert [(row["sizes"], row["outliers"]) for row in figures.flat] == [
        ("2048 x 8192 x 8192", "6"), ("8192 x 8192 x 8192", "")
    ]  # fmt: skip
    assert [one.fails for one in fleet.members] == [False] * 5 + [True]


def test_what_cannot_be_read_is_named_and_counted(
    folder: Path, sheets: Catalogue, record: Record
) -> None:
    (folder / "broken.json").write_text("{", encoding="utf-8")
    (folder / "other.json").write_text('{"schema_version": 1}', encoding="utf-8")
    (folder / "bytes.json").write_bytes(b"\xff\xfe")
    write(slower(record, 1.0, "run-0"), folder / "same-id.json")
    (folder / "z-copy.json").write_bytes((folder / "node-1" / "record.json").read_bytes())
    found = read_fleet(folder, sheets, 0.1)
    assert [name for name, _ in found.unreadable] == ["broken.json", "bytes.json", "other.json"]
    assert dict(found.duplicates)["z-copy.json"] == "node-1/record.json: the same"
    assert len(found.members) == 7
    made = fleet_document(found, None, 0.95)
    assert "3 files could not be read as a record and are not counted" in sentences(made)
    assert "broken.json" in html.render(made)


def test_the_same_id_with_other_contents_is_said(
    folder: Path, sheets: Catalogue, record: Record
) -> None:
    write(slower(record, 1.5, "run-0"), folder / "z.json")
    assert dict(read_fleet(folder, sheets, 0.1).duplicates)["z.json"].endswith("under the same id")


def test_a_fleet_of_no_record_is_none(tmp_path: Path, sheets: Catalogue) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=r"holds no record: broken\.json is not JSON: "):
        read_fleet(tmp_path, sheets, 0.1)


def test_a_device_that_is_unfinished_or_doubtful_neither_meets_nor_fails(
    tmp_path: Path, sheets: Catalogue, record: Record
) -> None:
    write(record.model_copy(update={"state": "running"}), tmp_path / "a.json")
    (one,) = read_fleet(tmp_path, sheets, 0.5).members
    assert one.best
    assert not one.passes
    assert not one.fails


@pytest.mark.parametrize("devices", [5, 8, 30])
def test_false_alarms_are_as_many_as_is_said(devices: int) -> None:
    """Of 2,000 fleets that differ by chance alone, in 5% somebody is named: 100 +- 3 x 10."""
    drawn = 100 + np.random.default_rng(7).standard_normal((2000, devices))
    named = sum(bool(outliers(dict(enumerate(map(float, row))), 0.05)) for row in drawn)
    assert abs(named / 2000 - 0.05) < 0.016


def test_fleet_and_its_document_name_the_same_by_the_same_numbers(
    folder: Path, fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    """The document had a limit of 5.7 deviations where the command had one of 16.9."""
    shape, told = FleetConfig(), sentences(fleet_document(fleet, None, 0.95))
    assert (shape.level, shape.least) == (FALSE_ALARM, LEAST)
    assert main(["fleet", f"records={folder}", "report=json"]) == 1
    rows = json.loads(capsys.readouterr().out)["rows"]
    (limit,) = {row["limit"] for row in rows}
    assert f"more than {limit:.1f} deviations" in told
    assert f"named in {shape.level:.2%} of its figures" in told
    (spread,) = [one for one in fleet.groups[0].spreads if one.tested.key == "matrix_bf16"]
    of_figure = [row for row in rows if row["figure"] == "matrix_bf16"]
    (slow,) = [row for row in of_figure if row["differs"]]
    (outlier,) = spread.outliers
    assert outlier.distance == pytest.approx(slow["distance"])
    assert spread.middle == pytest.approx(slow["measured"] / slow["ratio"])


def test_larger_fleets_have_a_wider_limit() -> None:
    """Few devices know their spread badly; of many the farthest is far by chance."""
    assert limit_of(5, 0.05) > limit_of(30, 0.05)
    assert limit_of(64, 0.05) < limit_of(512, 0.05) < limit_of(5000, 0.05) < 6


def test_strange_devices_do_not_hide_one_another() -> None:
    rates = {number: 100 + 0.1 * (number % 5) for number in range(20)} | {20: 80.0, 21: 79.0}
    assert {one.number for one in outliers(rates)} == {20, 21}


def test_a_refitted_memory_among_equal_ones_is_named() -> None:
    rates = dict.fromkeys(range(9), 80e9) | {9: 40e9}
    assert [(one.number, one.distance) for one in outliers(rates)] == [(9, None)]


def test_few_devices_have_no_outliers() -> None:
    assert outliers(dict.fromkeys(range(LEAST_DEVICES - 2), 1.0) | {9: 50.0}) == ()
