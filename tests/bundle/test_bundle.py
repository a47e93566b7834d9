"""A record is packed without names; what a stranger's bundle contradicts is refused."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.__main__ import main
from bench.bundle.pack import pack
from bench.bundle.private import masked, private_texts
from bench.bundle.unpack import open_bundle
from bench.chips.load import Catalogue
from bench.config import compose
from bench.errors import UsageError
from bench.evidence.gather import observations
from bench.evidence.model import Kind
from bench.evidence.recorded import recorded
from bench.importers.base import Stated
from bench.importers.record import of_record
from bench.measure.resume import unfinished
from bench.records.model import Record
from bench.records.store import read
from bench.report.registry import render
from bench.shapes import BundleConfig

RECORDS = paths.data_dir("results") / "records"
SPARSE = RECORDS / "2026-11-25" / "h100-sxm-sparse.json"
HOME = "/home/ada/own"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def text(sheets: Catalogue) -> str:
    """The bundle of four products on an H100."""
    return pack(read(SPARSE), sheets).text


def owned(record: Record) -> Record:
    """A record that tells much of its owner."""
    reason = f"no {HOME}/x.so on gpu7.corp (10.1.2.3), ask jo@example.org: rack9 /opt/a/b"
    broken = record.measurements[0].model_copy(update={"reason": reason})
    machine = record.machine.model_copy(update={"node": "rack9"})
    device = record.device.model_copy(update={"uid": "0123456789ab"})
    told = {
        "machine": machine,
        "device": device,
        "measurements": (broken, *record.measurements[1:]),
        "settings": {**record.settings, "mine": "Jo's box"},
    }
    return record.model_copy(update=told)


def test_what_names_its_owner_is_left_out_and_told(
    tmp_path: Path, sheets: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "hal9000.example")
    made = pack(owned(read(SPARSE)), sheets)
    assert made.dropped == ("machine.node", "device.uid", "settings.mine")
    assert made.masked == ("measurements.0.reason",)
    for word in ("rack9", "0123456789ab", "Jo", "jo@", "10.1.2.3", "corp", "/opt", "home/"):
        assert word not in made.text
    kept = open_bundle(made.text, "it").record
    assert kept.measurements[0].reason == (
        "no [a home folder] on [a host name] ([an address]), ask [an e-mail address]: "
        "[the machine's name] [a path]"
    )
    assert kept.measurements[1:] == read(SPARSE).measurements[1:]
    assert masked("on hal9000-2 and hal9000.", ("hal9000",)) == (
        "on hal9000-2 and [the machine's name]."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (f"{HOME}/bench", "a home folder"),
        ("C:\\Users\\Jo\\bench", "a home folder"),
        ("loaded /usr/lib/x/y.so", "a path"),
        ("to 192.168.1.20 port 3", "an address"),
        ("fe80:0:0:0:1:2:3:4", "an address"),
        ("52:54:00:12:34:56", "an address"),
        ("gpu-07.dc.internal", "a host name"),
        ("GPU-4c0a1e1b-1234-5678-9abc-def012345678", "a serial"),
        ("ask jo@example.org", "an e-mail address"),
        ("ask ada@node7", "an e-mail address"),
        (r"no D:\work\ada\x.dll", "a path"),
        (r"no \\nas\ada\x.dll", "a path"),
        ("from s3://ada/x", "a link"),
        ("fe80::1a2b is down", "an address"),
        ("gpu7.example.de is down", "a host name"),
        ("at::native c10::Error, libc.so@@GLIBC_2.34, 4096@2", None),
        ("12.3 FLOP/s, 4.5 B/s of 1/2", None),
        ("2048 x 4096 x 1024 nn, and/or 580.159.04", None),
        ("torch 2.11.0+cu130 at 0000:17:00.0", None),
        ("2026-11-26T00:04:18+00:00", None),
    ],
)
def test_what_is_looked_for_in_texts(told: str, kind: str | None) -> None:
    assert [one for _, one in private_texts({"reason": told})] == ([kind] if kind else [])


def test_a_name_is_masked_in_any_case_and_without_its_domain(sheets: Catalogue) -> None:
    record = owned(read(SPARSE))
    broken = record.measurements[0].model_copy(update={"reason": "RACK9: lost 0123456789AB"})
    machine = record.machine.model_copy(update={"node": "rack9.lab7"})
    told = {"machine": machine, "measurements": (broken, *record.measurements[1:])}
    got = open_bundle(pack(record.model_copy(update=told), sheets).text, "it").record
    assert got.measurements[0].reason == "[the machine's name]: lost [the machine's name]"


@pytest.mark.parametrize("node", ["h100", "gemm", "bf16", "cuda"])
def test_a_node_that_is_called_as_what_it_holds_spoils_no_record(
    node: str, sheets: Catalogue
) -> None:
    record = read(SPARSE)
    machine = record.machine.model_copy(update={"node": node})
    got = open_bundle(pack(record.model_copy(update={"machine": machine}), sheets).text, "it")
    assert (got.record.device.name, got.record.id) == (record.device.name, record.id)
    for one, other in zip(got.record.measurements, record.measurements, strict=True):
        assert (one.kernel, one.dtype, one.figures) == (other.kernel, other.dtype, other.figures)


def test_a_bundle_is_shown_as_verified_and_asks_for_no_more(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.onpaper.json").write_text(text, encoding="utf-8")
    assert main(["import", "file=x.onpaper.json"]) == 0
    seen = capsys.readouterr()
    assert "by the sheet packed in it: " in seen.out
    assert "verified: " in seen.err
    assert "nothing is written without out=" in seen.err
    assert main(["import", "file=x.onpaper.json", "chip=h200"]) == 2
    assert "a bundle has this itself: leave out chip=" in capsys.readouterr().err


def test_what_was_packed_is_what_is_opened(text: str, sheets: Catalogue) -> None:
    got = open_bundle(text, "it")
    assert got.record == read(SPARSE)
    now = sheets.chips["nvidia-h100-sxm-80gb"].sheet_sha256
    then = got.record.identity
    assert got.sheet_matches is (then.sheet_sha256 == now)
    for sha, same in ((now, True), ("0" * 64, False)):
        one = got.record.model_copy(
            update={"identity": then.model_copy(update={"sheet_sha256": sha})}
        )
        assert open_bundle(pack(one, sheets).text, "it").sheet_matches is same
    assert list(got.catalogue.chips) == ["nvidia-h100-sxm-80gb"]
    assert render(got.record, got.catalogue).splitlines()[0].startswith("**NVIDIA H100")
    assert text.isascii()


def test_a_bundle_goes_from_one_to_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["bundle", f"record={SPARSE}"]) == 0
    name = capsys.readouterr().out.strip()
    assert name == f"{read(SPARSE).id}.onpaper.json"
    assert main(["bundle", f"record={SPARSE}"]) == 2
    assert "nothing is overwritten" in capsys.readouterr().err
    assert main(["import", f"file={name}"]) == 0
    told = capsys.readouterr()
    assert "by the sheet packed in it: 4" in told.out
    assert told.err.splitlines()[0] == f"{name}: read as bundle"
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert main(["import", f"file={name}", "by=Jo\x1b[2J Lab", "out=mine"]) == 0
    place = Path(capsys.readouterr().out.strip())
    assert place == Path("mine/imported/2026-11-25") / f"{read(SPARSE).id}.json"
    taken = read(place)
    assert taken.settings["imported_by"] == "Jo [2J Lab"
    assert taken.measurements == read(SPARSE).measurements
    assert main(["import", f"file={name}", "out=mine"]) == 2
    assert main(["import", f"file={name}", "by=Jo", "out=jo.yaml"]) == 0
    assert "class: user submission" in Path("jo.yaml").read_text(encoding="utf-8")


def test_an_imported_record_is_told_apart_from_ones_own(
    tmp_path: Path, text: str, sheets: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.onpaper.json").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["import", "file=x.onpaper.json", "by=Jo", "out=mine"]) == 0
    (place,) = Path("mine").rglob("*.json")
    assert "Imported: measured by Jo, not here." in render(read(place), sheets)
    renamed = read(place).model_copy(update={"id": "20261125-232219-cuda-other1"})
    place.write_text(renamed.model_dump_json(), encoding="utf-8")
    taken = [one for one in observations(sheets, "mine") if one.by == "Jo"]
    assert taken
    assert {one.kind for one in taken} == {Kind.USER}
    with pytest.raises(UsageError, match="was imported: measure here instead"):
        unfinished(str(place), Path("mine"))


def test_what_was_changed_since_it_was_packed_is_refused(text: str) -> None:
    for part in ("record", "environment", "sheet"):
        data = json.loads(text)
        key = {"record": "suite", "environment": "program", "sheet": "chip"}[part]
        data[part][key] = {"version": "9"} if part == "environment" else "other"
        with pytest.raises(UsageError, match=f"its {part} is not what was packed"):
            open_bundle(json.dumps(data), "it")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which record? give record="),
        ((f"record={SPARSE}", "out=x.json"), "a file ends in .onpaper.json"),
        (("record=nonesuch.json",), "there is no such file"),
    ],
)
def test_wrong_words_are_refused(
    words: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["bundle", *words]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert compose("bundle", [], BundleConfig).out is None


@pytest.mark.parametrize("end", ["", "/", "/x.onpaper.json"])
def test_the_folder_that_out_names_is_made(
    end: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bundle", f"record={SPARSE}", f"out={tmp_path}/shared/all{end}"]) == 0
    (made,) = (tmp_path / "shared" / "all").iterdir()
    assert capsys.readouterr().out == f"{made}\n"
    assert made.name.endswith(".onpaper.json")


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of a process")
def test_a_disk_that_is_full_leaves_nothing_that_blocks_the_next_try(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import resource

    words = ["bundle", f"record={SPARSE}", f"out={tmp_path}"]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        assert main(words) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "cannot be written to: File too large" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main(words) == 0


def test_a_fake_or_unended_record_is_not_packed(record: Record, sheets: Catalogue) -> None:
    with pytest.raises(UsageError, match="is of a fake device"):
        pack(record, sheets)
    with pytest.raises(UsageError, match="has not ended"):
        pack(read(SPARSE).model_copy(update={"state": "running"}), sheets)


def test_a_record_of_an_unknown_chip_is_packed_without_a_sheet(sheets: Catalogue) -> None:
    whole = read(SPARSE)
    identity = whole.identity.model_copy(update={"chip": None, "state": "unknown"})
    got = open_bundle(pack(whole.model_copy(update={"identity": identity}), sheets).text, "it")
    assert got.catalogue.chips == {}
    assert not got.sheet_matches


def test_that_devices_were_measured_at_once_stays_told_and_speaks_for_none_alone(
    sheets: Catalogue,
) -> None:
    alone = read(SPARSE)
    beside = {"together": 8, "group": "0a1b", "series": "2c3d", "run": 2, "runs": 5}
    told = {**alone.settings, **beside}
    got = open_bundle(pack(alone.model_copy(update={"settings": told}), sheets).text, "it").record
    assert got.settings == told
    assert "Measured with 8 devices at once" in render(got, sheets)
    assert {one.weight for one in recorded([alone], sheets)} == {1.0}
    (why,) = {one.why for one in recorded([got], sheets)}
    assert why == ("measured with 8 devices at once",)
    assert {one.weight for one in recorded([got], sheets)} == {0.0}
    with pytest.raises(UsageError, match="8 devices at once"):
        of_record(got, Stated(file="it"))


def test_a_record_set_beside_a_hypothetical_chip_is_refused(sheets: Catalogue) -> None:
    record = read(SPARSE)
    chip = sheets.sheet_of(record)
    assert chip
    mine = chip.model_copy(update={"based_on": "nvidia-h100-sxm-80gb"})
    own = replace(sheets, chips={**sheets.chips, chip.id: mine})
    with pytest.raises(UsageError, match=r"a hypothetical chip of your own: .* with chip=nvidia-"):
        pack(record, own)
