"""A record is packed without names; what a stranger's bundle contradicts is refused."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.__main__ import main
from bench.bundle.model import digest
from bench.bundle.pack import pack
from bench.bundle.private import found, masked
from bench.bundle.unpack import DEEPEST, opened, strict_json
from bench.chips.load import Catalogue
from bench.config import compose
from bench.errors import UsageError
from bench.evidence.gather import observations
from bench.evidence.model import Kind
from bench.measure.resume import unfinished
from bench.measure.stats import describe
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


@pytest.fixture
def altered(text: str, tmp_path: Path) -> Callable[[Change], Path]:
    """Writes the bundle with a change, its hashes made to fit again, as a forger would."""

    def write(change: Change) -> Path:
        data = json.loads(text)
        change(data)
        data["sha256"] = {key: digest(data[key]) for key in ("record", "environment", "sheet")}
        path = tmp_path / "forged.onpaper.json"
        path.write_text(json.dumps(data), encoding="utf-8")
        return path

    return write


def first(data: dict[str, Any]) -> dict[str, Any]:
    """The first measurement that was timed."""
    return next(one for one in data["record"]["measurements"] if one["timing"])


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
    kept = opened(made.text, "it").record
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
        ("12.3 FLOP/s, 4.5 B/s of 1/2", None),
        ("2048 x 4096 x 1024 nn, and/or 580.159.04", None),
        ("torch 2.11.0+cu130 at 0000:17:00.0", None),
        ("2026-11-26T00:04:18+00:00", None),
    ],
)
def test_what_is_looked_for_in_texts(told: str, kind: str | None) -> None:
    assert [one for _, one in found({"reason": told})] == ([kind] if kind else [])


def test_what_was_packed_is_what_is_opened(text: str) -> None:
    got = opened(text, "it")
    assert got.record == read(SPARSE)
    assert got.sheet_matches
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
    assert "none is overwritten" in capsys.readouterr().err
    assert main(["import", f"file={name}"]) == 0
    told = capsys.readouterr()
    assert "beside the sheet in it: 4" in told.out
    assert told.err == f"{name} is taken for: bundle\n"
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
            opened(json.dumps(data), "it")


def _timing(data: dict[str, Any], **fields: object) -> None:
    first(data)["timing"].update(fields)


def _stats(data: dict[str, Any], key: str, times: float) -> None:
    first(data)["timing"]["stats"][key] *= times


def _faster(data: dict[str, Any]) -> None:
    """Halves all times of a measurement, and all that is made of them."""
    one = first(data)["timing"]
    one["samples_s"] = [value / 2 for value in one["samples_s"]]
    one["stats"] = describe(one["samples_s"], one["batch_calls"], one["rested_s"]).model_dump()


FORGERIES: dict[str, tuple[Change, str]] = {
    "interval": (lambda it: _stats(it, "low_s", 0.95), "stats.low_s is not what the samples give"),
    "burst": (lambda it: _stats(it, "burst_s", 0.9), "stats.burst_s is not what"),
    "samples": (lambda it: _stats(it, "median_s", 0.999), "is not the median of samples_s"),
    "effective": (lambda it: _stats(it, "effective_samples", 2), "stats.effective_samples"),
    "work": (lambda it: first(it)["work"].update(flop=1e15), "work.flop is not what the kernel's"),
    "parameters": (lambda it: first(it).update(parameters={}), "parameters are none of the kernel"),
    "clock": (
        lambda it: first(it)["conditions"].update(clock_hz=[9e9]), "above the clock that the device"
    ),
    "sensor": (lambda it: first(it)["conditions"].update(power_w=[-900.0]), "no sensor tells"),
    "time": (lambda it: _timing(it, batch_calls=10**6), "in a measurement of"),
    "huge": (lambda it: _timing(it, batch_calls=10**400), "is no number of a record"),
    "backwards": (
        lambda it: _timing(it, at_s=first(it)["timing"]["at_s"][::-1]), "at_s does not go forward"
    ),
    "took": (lambda it: it["record"].update(took_s=9e9), "took_s is 9000000000.0 s"),
    "status": (lambda it: first(it).update(status="skipped"), "status is skipped, with samples"),
    "check": (lambda it: first(it)["check"].update(error=0.9), "check.passed is not what error"),
    "future": (lambda it: it["record"].update(started_utc="2199-01-01T00:00:00+00:00"), "to come"),
    "zone": (lambda it: it["record"].update(started_utc="2026-11-25T23:22:19+08:00"), "not in UTC"),
    "path": (lambda it: it["record"].update(started_utc="../../../../tmp"), "started_utc is no"),
    "id": (lambda it: it["record"].update(id="20200101-000000-cuda-abcdef"), "id does not tell"),
    "name": (lambda it: it["record"].update(id="../../x"), "id: String should match pattern"),
    "fake": (lambda it: it["environment"]["device"].update(backend="fake"), "a fake device"),
    "extra": (lambda it: it["record"].update(html="<script>"), "html: Extra inputs"),
    "twice": (lambda it: it["record"].update(device={}), "not the parts of a record"),
    "schema": (lambda it: it["record"].update(schema_version=99), "has schema 99"),
    "no sheet": (lambda it: it["sheet"].update(text="- a"), "its sheet is none"),
    "bad sheet": (lambda it: it["sheet"].update(text="a: &b c"), "its sheet cannot be read"),
    "anchor": (lambda it: it["sheet"].update(text="name: x"), "its sheet: "),
    "source": (lambda it: it["sheet"].update(sources={}), "which is not in it"),
    "chip path": (lambda it: it["sheet"].update(chip="../x"), "sheet.chip: String should match"),
    "version": (lambda it: it.update(bundle_version=2), "bundle_version: Input should be 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forger_whose_hashes_fit_is_found_out(
    name: str,
    altered: Callable[[Change], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change, said = FORGERIES[name]
    path = altered(change)
    assert main(["import", f"file={path}", "source=bundle", f"out={tmp_path / 'mine'}"]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_above_paper_is_a_doubt_and_not_a_contradiction(
    altered: Callable[[Change], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", f"file={altered(_faster)}"]) == 0
    doubts = capsys.readouterr().err
    assert "doubt: " in doubts
    assert "implausible: " in doubts


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ('{"a": 1, "a": 2}', "a key stands twice"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": 1e999}', "1e999 is no number"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nested more than 16 deep"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 10_000, "is no bundle"),
        ('{"a": "', "is no bundle"),
        ("null", "bundle: it: "),
        ('{"format": "onpaper bundle"}', "packed_by: Field required"),
    ],
)
def test_json_that_is_none_or_too_much_is_refused(told: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        opened(told, "bundle")
    assert said in str(error.value)
    assert len(str(error.value)) < 400


def test_a_bundle_is_no_larger_than_a_file_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.bundle.unpack.MOST_BYTES", 10)
    with pytest.raises(UsageError, match="is larger than 0 MB"):
        opened('{"format": "onpaper bundle"}', "it")
    assert strict_json('{"a": [1.5, null, "x"]}') == {"a": [1.5, None, "x"]}


def _places(node: Any, under: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node)
    found_: list[tuple[Any, ...]] = []
    for key, one in inner:
        found_.append((*under, key))
        if isinstance(one, dict | list):
            found_ += _places(one, (*under, key))
    return found_


def test_whatever_stands_in_a_bundle_ends_in_a_word_and_not_in_a_crash(
    altered: Callable[[Change], Path], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(8)  # noqa: S311 -- a test that is the same each time
    odd: list[Any] = [
        None, -1, 0, 10**30, 1e-300, "", "x" * 300, "../..", "\x1b[2J", "<b>", [], {}, [[]], True,
    ]  # fmt: skip
    parts = {key: json.loads(text)[key] for key in ("record", "environment", "sheet")}
    places = _places(parts)
    for _ in range(40):
        *above, last = dice.choice(places)
        new = dice.choice(odd)

        def change(
            data: dict[str, Any], above: Any = above, last: Any = last, new: Any = new
        ) -> None:
            node: Any = data
            for key in above:
                node = node[key]
            node[last] = new

        assert main(["import", f"file={altered(change)}", "source=bundle"]) in (0, 2)
        told = capsys.readouterr()
        assert (told.out + told.err).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which record? give record="),
        ((f"record={SPARSE}", "out=x.json"), "a file ends in .onpaper.json"),
        ((f"record={SPARSE}", "out=no/x.onpaper.json"), "cannot be written"),
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


def test_a_fake_or_unended_record_is_not_packed(record: Record, sheets: Catalogue) -> None:
    with pytest.raises(UsageError, match="is of a fake device"):
        pack(record, sheets)
    with pytest.raises(UsageError, match="has not ended"):
        pack(read(SPARSE).model_copy(update={"state": "running"}), sheets)


def test_a_record_of_an_unknown_chip_is_packed_without_a_sheet(sheets: Catalogue) -> None:
    whole = read(SPARSE)
    identity = whole.identity.model_copy(update={"chip": None, "state": "unknown"})
    got = opened(pack(whole.model_copy(update={"identity": identity}), sheets).text, "it")
    assert got.catalogue.chips == {}
    assert not got.sheet_matches
