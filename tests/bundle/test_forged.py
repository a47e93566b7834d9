"""A bundle of a stranger's: what contradicts itself is refused, and nothing in it does harm."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.__main__ import main
from bench.bundle.doubts import contradictions
from bench.bundle.model import digest
from bench.bundle.pack import pack
from bench.bundle.unpack import MAX_DEPTH, open_bundle
from bench.chips.load import Catalogue
from bench.errors import DataError, Fault, UsageError
from bench.measure.stats import describe
from bench.records.store import read

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
    "interval": (lambda it: _stats(it, "low_s", 0.95), "stats.low_s does not follow from"),
    "burst": (lambda it: _stats(it, "burst_s", 0.9), "stats.burst_s does not follow from"),
    "samples": (lambda it: _stats(it, "median_s", 0.999), "timing: stats.median_s is not"),
    "effective": (lambda it: _stats(it, "effective_samples", 2), "stats.effective_samples"),
    "work": (lambda it: first(it)["work"].update(flop=1e15), "work.flop does not follow from"),
    "parameters": (lambda it: first(it).update(parameters={}), "parameters are not valid for"),
    "clock": (
        lambda it: first(it)["conditions"].update(clock_hz=[9e9]), "above the clock that the device"
    ),
    "sensor": (lambda it: first(it)["conditions"].update(power_w=[-900.0]), "no sensor reports"),
    "time": (lambda it: _timing(it, batch_calls=10**6), "in a measurement of"),
    "huge": (lambda it: _timing(it, batch_calls=10**400), "is too long for a number"),
    "backwards": (
        lambda it: _timing(it, at_s=first(it)["timing"]["at_s"][::-1]), "at_s does not go forward"
    ),
    "took": (lambda it: it["record"].update(took_s=9e9), "took_s is 9000000000.0 s"),
    "status": (lambda it: first(it).update(status="skipped"), "status is skipped, with samples"),
    "check": (lambda it: first(it)["check"].update(error=0.9), "check.passed contradicts error"),
    "future": (lambda it: it["record"].update(started_utc="2199-01-01T00:00:00Z"), "in the future"),
    "zone": (lambda it: it["record"].update(started_utc="2026-11-25T23:22:19+08:00"), "not in UTC"),
    "path": (lambda it: it["record"].update(started_utc="../../../../tmp"), "started_utc is no"),
    "id": (lambda it: it["record"].update(id="20200101-000000-cuda-abcdef"), "id does not match"),
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
        ('{"a": 1, "a": 2}', "an object has the key 'a' twice"),
        ('{"a": NaN}', "NaN is no finite number"),
        ('{"a": 1e999}', "1e999 is no finite number"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested more than 16 deep"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 10_000, "is not a bundle"),
        ('{"a": "', "is not a bundle"),
        ("null", "bundle: it: "),
        ('{"format": "onpaper bundle"}', "packed_by: Field required"),
    ],
)
def test_json_that_is_none_or_too_much_is_refused(told: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        open_bundle(told, "bundle")
    assert said in str(error.value)
    assert len(str(error.value)) < 400


def test_a_bundle_is_no_larger_than_a_file_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.bundle.unpack.MOST_BYTES", 10)
    with pytest.raises(UsageError, match="is larger than 0 MB"):
        open_bundle('{"format": "onpaper bundle"}', "it")


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


def test_a_data_file_that_does_not_load_is_no_fault_of_a_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_name: str) -> object:
        raise DataError([Fault("specs/workloads/a.yaml", "", "is no YAML", "mend it")])

    monkeypatch.setattr("bench.bundle.doubts.kernel", broken)
    with pytest.raises(DataError, match="is no YAML"):
        list(contradictions(read(SPARSE)))
