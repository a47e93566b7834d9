"""``calibrate`` as it is typed: on the tables, on a record, and what a prediction makes of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.predict.learning.learn import load
from bench.records.model import Record
from bench.report.formats import FORMATS
from tests.commands.command_cases import document, looks_like, said

H200 = "nvidia-h200-sxm-141gb"
SMALL = "workload=llama-3.1-8b"
SERVED = [f"chips={H200}", SMALL, "phase=decode"]
PRODUCT = [f"chips={H200}", "phase=product", "shape=[64,1024,8192]"]


def kept(name: str) -> Path:
    """A committed record."""
    (found,) = (paths.data_dir("results") / "records").rglob(name)
    return found


@pytest.fixture(scope="module")
def ours() -> str:
    """The record of a calibrating run, as a word."""
    return f"record={kept('h200-sxm-calibrate.json')}"


@pytest.fixture
def made(ours: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """What it calibrates, in a folder that was not there."""
    place = tmp_path / "new" / "h200.json"
    code, _, err = said("calibrate", [ours, f"out={place}"], capsys)
    assert (code, err) == (0, "")
    return place


def row(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The row of a prediction that has one."""
    (found,) = document("predict", words, capsys)["rows"]
    return dict(found)


def changed(folder: Path, *kernels: str, chip: str | None = H200) -> str:
    """The calibrating record with some kernels only, or as if of another chip, as a word."""
    node = json.loads(kept("h200-sxm-calibrate.json").read_text(encoding="utf-8"))
    node["identity"]["chip"] = chip
    if kernels:
        node["measurements"] = measurements(*kernels)
    place = folder / "changed.json"
    place.write_text(json.dumps(node), encoding="utf-8")
    return f"record={place}"


def measurements(*kernels: str) -> list[dict[str, Any]]:
    """The calibrating record's measurements of some kernels."""
    node = json.loads(kept("h200-sxm-calibrate.json").read_text(encoding="utf-8"))
    return [one for one in node["measurements"] if one["kernel"] in kernels]


# on all tables


@pytest.mark.parametrize("style", FORMATS)
def test_the_tables_in_every_format(
    style: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the shipped fit, for each fit takes most of a second."""
    monkeypatch.setattr("bench.predict.learning.shippeddata.shipped", lambda: None)
    monkeypatch.setattr("bench.predict.learning.shippeddata.learn_all", lambda _: load())
    code, out, err = said("calibrate", [f"report={style}"], capsys)
    assert (code, err) == (0, "")
    looks_like(style, out)


def alike(one: object, other: object, place: str = "") -> None:
    """Holds two trees against each other, numbers to a thousandth."""
    if isinstance(one, dict) and isinstance(other, dict):
        assert set(one) == set(other), place
        for key in one:
            alike(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, list) and isinstance(other, list):
        assert len(one) == len(other), place
        for at, pair in enumerate(zip(one, other, strict=True)):
            alike(*pair, f"{place}.{at}")
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-3, abs=1e-4), place
    else:
        assert one == other, place


def test_the_shipped_fit_is_what_the_tables_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "fitted.json"
    found = document("calibrate", [f"out={place}"], capsys)
    shipped = json.loads((paths.data_dir("results") / "fitted.json").read_text(encoding="utf-8"))
    fresh = json.loads(place.read_text(encoding="utf-8"))
    alike(fresh, shipped)
    stack = {one["parameter"]: one["value"] for one in found["rows"]}
    assert stack == pytest.approx(fresh["stack"], rel=1e-5)
    assert found["notes"] == [f"Data: sha256 {fresh['data_sha256']}"]
    told = {one["of"]: one["host_s"] for one in found["tables"]["firsts"]}
    assert told == {
        key.replace("tpot", "ttft"): pytest.approx(how["host_s"], rel=1e-4)
        for key, (how, _) in fresh["first"].items()
    }
    names = {one["of"] for one in found["tables"]["departures"]}
    products = {f"product {dtype}" for dtype in fresh["products"]}
    firsts = {one.replace("tpot", "ttft") for one in fresh["first"]}
    assert names == {*fresh["parts"], *firsts, *products}


# on a record


@pytest.mark.parametrize("style", FORMATS)
def test_a_record_in_every_format(
    style: str, ours: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said("calibrate", [ours, f"report={style}"], capsys)
    assert (code, err) == (0, "")
    looks_like(style, out)


def test_a_records_layers_and_products_are_all_there(
    ours: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document("calibrate", [ours], capsys)
    assert len(found["rows"]) == len(measurements("layer")) > 5
    for one in found["rows"]:
        assert one["predicted_s_low_95"] < one["predicted_s"] < one["predicted_s_high_95"]
        assert one["ratio"] == pytest.approx(one["predicted_s"] / one["measured_s"])
        assert 0.3 < one["ratio"] < 3
    products = found["tables"]["products_bf16"]
    gemms = [one for one in measurements("gemm") if one["dtype"] == "bf16"]
    assert len(products) == len(gemms) > 5
    inside = sum(
        one["predicted_s_low_95"] <= one["measured_s"] <= one["predicted_s_high_95"]
        for one in found["rows"]
    )
    assert f"{inside} of {len(found['rows'])} lie within their 95% intervals." in found["summary"]


def test_a_record_of_layers_of_experts_alone_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = document("calibrate", [f"record={kept('h200-sxm-full.json')}"], capsys)
    assert "deepseek-v3" in " ".join(one["layer"] for one in found["rows"])


def test_a_calibration_moves_the_prediction_of_its_chip(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_it = [f"calibration={made}"]
    for words in (SERVED, [*SERVED[:2], "phase=prefill"], [*SERVED[:2], "phase=serve"], PRODUCT):
        before, after = row(words, capsys), row([*words, *with_it], capsys)
        assert (before["tier"], after["tier"]) == ("fitted on this chip", "measured here")
        assert after["seconds"] != pytest.approx(before["seconds"], rel=1e-4)
        assert after["seconds"] == pytest.approx(before["seconds"], rel=0.8)
    assert H200 in json.loads(made.read_text(encoding="utf-8"))["measured"]


def test_a_product_measured_here_is_predicted_as_it_was(
    made: Path, ours: str, capsys: pytest.CaptureFixture[str]
) -> None:
    products = document("calibrate", [ours], capsys)["tables"]["products_bf16"]
    for one in products[::6]:
        shape = f"shape=[{one['m']:g},{one['n']:g},{one['k']:g}]".replace("+0", "")
        words = [f"chips={H200}", "phase=product", shape, f"calibration={made}"]
        found = row(words, capsys)
        assert found["seconds"] == pytest.approx(one["measured_s"], rel=0.12)
        assert found["seconds_low_95"] < one["measured_s"] < found["seconds_high_95"]


def test_a_calibration_lends_nothing_to_other_chips_but_through_the_pool(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["chips=h20", SMALL, "phase=decode"]
    before, after = (row([*words, *more], capsys) for more in ([], [f"calibration={made}"]))
    assert before["tier"] == after["tier"]
    assert after["seconds"] == pytest.approx(before["seconds"], rel=0.1)


def test_products_alone_calibrate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "own.json"
    word = changed(tmp_path, "gemm")
    code, out, err = said("calibrate", [word, f"out={place}"], capsys)
    assert (code, err) == (0, "")
    assert "has no layers" in out
    assert row([*PRODUCT, f"calibration={place}"], capsys)["tier"] == "measured here"


def test_layers_alone_calibrate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "own.json"
    word = changed(tmp_path, "layer")
    assert said("calibrate", [word, f"out={place}"], capsys)[0] == 0
    assert row([*SERVED, f"calibration={place}"], capsys)["tier"] == "measured here"


def test_what_was_measured_beside_other_devices_calibrates_no_chip(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Path(changed(tmp_path, "gemm").partition("=")[2])
    told = json.loads(place.read_text(encoding="utf-8"))
    told["settings"] |= {"group": "0a1b", "together": 8}
    place.write_text(json.dumps(told), encoding="utf-8")
    code, out, err = said("calibrate", [f"record={place}"], capsys)
    assert (code, out) == (2, "")
    assert "was measured beside other devices: give one alone" in err


def test_a_record_that_does_not_know_its_chip_is_told_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    word, place = changed(tmp_path, chip=None), tmp_path / "own.json"
    code, out, err = said("calibrate", [word], capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.endswith("of no accelerator that has a sheet; give chip=\n")
    assert said("calibrate", [word, "chip=h200", f"out={place}"], capsys)[0] == 0
    assert H200 in json.loads(place.read_text(encoding="utf-8"))["measured"]


# wrong words


@pytest.mark.parametrize("name", ["h100-sxm-latency.json", "h100-sxm-sparse.json"])
def test_a_record_without_layers_or_products_says_what_to_do(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said("calibrate", [f"record={kept(name)}"], capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.endswith("run suite=calibrate on the machine\n")


def test_a_record_of_two_kernels_says_what_to_do(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "fake.json"
    place.write_text(record.model_dump_json(), encoding="utf-8")
    code, out, err = said("calibrate", [f"record={place}"], capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "nor 6 products of one format: run suite=calibrate on the machine" in err


def test_a_record_of_a_cpu_is_of_no_accelerator(capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"record={kept('xeon-emerald-rapids-2-cores.json')}"]
    code, out, err = said("calibrate", words, capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "of no accelerator that has a sheet" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["chip=h200"], "chip= says which chip a record is of: give record=, too"),
        (["record=none.json"], "no record 'none.json': there is no such file"),
        (["record=no-such"], "no record 'no-such'"),
        (["records=none.json"], "calibrate has no key 'records': did you mean 'record'"),
        (["report=xml"], "no report 'xml': did you mean 'html'?"),
        (["chip=h2o", "record=ours"], "no chip 'h2o' in specs/chips: did you mean 'h20'"),
    ],
)
def test_a_wrong_word_is_one_line(
    words: list[str], told: str, ours: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    given = [ours if word == "record=ours" else word for word in words]
    code, out, err = said("calibrate", given, capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"onpaper: {told}")


@pytest.mark.parametrize("place", [".", "file/own.json"])
def test_a_place_that_cannot_be_written_is_told(
    place: str, ours: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    target = tmp_path / place
    code, _, err = said("calibrate", [ours, f"out={target}"], capsys)
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"onpaper: out={target}: ")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "in the way"


def test_a_calibration_that_is_none_is_refused(
    ours: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "notes.json"
    wrong.write_text('{"stack": {}}', encoding="utf-8")
    record = Path(ours.removeprefix("record="))
    for place, why in (
        (wrong, "is no calibration, or one of an older program: make it with calibrate"),
        (record, "is no calibration, or one of an older program: make it with calibrate"),
        (tmp_path, "calibration="),
        (tmp_path / "none.json", "calibration="),
    ):
        code, out, err = said("predict", [*SERVED, f"calibration={place}"], capsys)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert why in err
        assert place.name in err
