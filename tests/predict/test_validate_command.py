"""``validate`` as it is typed: every key, every format, every exit code."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.predict.learning.world import World
from bench.predict.validation.errors import Bar, Outcome, Part
from bench.reference.validation import validation_page
from bench.report.formats import FORMATS
from bench.report.prediction.validation import validation_report
from bench.report.prediction.validationlists import SHOWN
from tests.commands.command_cases import document, looks_like, said

EASY = Bar(mean=0.5)
PARTS = (
    Part("product bf16", "chip left out", (
        Outcome("chip-a", "m to 16", 0.1, (0.2, 0.3), (-0.5, 0.2)),
        Outcome("chip-b", "m to 16", -0.2, (0.1, 0.3), (-0.6, 0.1)),
    ), EASY),
    Part("product bf16", "another source", (
        Outcome("chip-b", "m over 4096", 0.6, (), (-0.5, 0.2)),
    ), Bar(mean=0.1), "of other software"),
    Part("ratio of steps", "both chips left out", (
        Outcome("chip-a / chip-b", "model", 0.02, (0.2, 0.3), (0.3, -0.3)),
    ), Bar(half=True)),
)  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts made-up parts in the place of the shipped ones, which take seconds."""
    monkeypatch.setattr("bench.commands.validate.world", lambda: World({}, {}, {}))
    monkeypatch.setattr("bench.predict.validation.validate.validated", lambda *_: list(PARTS))


@pytest.fixture
def earlier(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The figures of the made-up parts."""
    place = tmp_path / "earlier.json"
    place.write_text('{"parts": {}}')
    words = [f"out={place}", f"against={place}"]
    assert said("validate", words, capsys)[0] == 0
    return place


def with_mean(place: Path, name: str, factor: float) -> None:
    """Multiplies the mean of the parts of a file whose name holds a word."""
    node = json.loads(place.read_text())
    for key, one in node["parts"].items():
        one["mean"] *= factor if name in key else 1.0
    place.write_text(json.dumps(node))


@pytest.mark.parametrize("style", FORMATS)
def test_every_format(style: str, earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"against={earlier}", f"report={style}"]
    code, out, err = said("validate", words, capsys)
    assert (code, err) == (0, "")
    looks_like(style, out)


def test_parts_are_told_with_their_bars(earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = document("validate", [f"against={earlier}"], capsys)
    first, second = found["rows"]
    assert (first["part"], first["held_out"], first["cases"]) == (
        "product bf16",
        "chip left out",
        2,
    )
    assert (first["bar_met"], first["bar_missed_by"]) == (True, None)
    assert (first["inside_80"], first["inside_95"]) == (0.5, 1.0)
    assert (second["bar_met"], second["inside_80"]) == (False, None)
    assert second["bar_missed_by"] == "mean 82.2% over 10%"
    assert found["tables"]["ratios"][0]["bar_met"] is True
    assert [(one["asked"], one["missed"]) for one in found["tables"]["bars"]] == [
        ("mean up to 50%", ""),
        ("mean up to 10%", "mean 82.2% over 10%"),
        ("median up to half of that of the better sheet ratio", ""),
    ]
    assert found["summary"][:2] == [
        "Targets, listed below: 2 of 3 met.",
        "Missed: product bf16: another source.",
    ]
    assert found["notes"] == ["[1] product bf16: of other software."]


def test_the_worst_chip_comes_first(earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = document("validate", [f"against={earlier}"], capsys)["tables"]
    assert [one["chip"] for one in tables["chips"]] == ["chip-b", "chip-b", "chip-a"]
    assert [one["work"] for one in tables["works"]] == ["m over 4096", "m to 16"]
    assert [one["chips"] for one in tables["pairs"]] == [1]


def test_one_part_alone(earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = document("validate", ["part=Another", f"against={earlier}"], capsys)
    assert [one["held_out"] for one in found["rows"]] == ["another source"]
    assert [one["part"] for one in found["tables"]["changes"]] == ["product bf16: another source"]


def test_ratios_alone_are_the_first_table(
    earlier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document("validate", ["part=ratio", f"against={earlier}"], capsys)
    assert [one["part"] for one in found["rows"]] == ["ratio of steps"]
    assert set(found["tables"]) == {"bars", "pairs", "changes"}


def test_parts_without_bars_have_no_table_of_bars() -> None:
    """Its header alone tells nothing."""
    told = validation_report([replace(PARTS[0], bar=Bar())], [])
    assert "bars" not in {one.key for one in told.more}
    assert "bars" in {one.key for one in validation_report(PARTS, []).more}


def test_what_got_worse_is_told_and_exits_1(
    earlier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_mean(earlier, "chip left out", 1 / 1.2)
    code, out, _ = said("validate", [f"against={earlier}"], capsys)
    assert code == 1
    assert "WORSE than in the earlier state: product bf16: chip left out" in out
    assert said("validate", [f"against={earlier}", "part=another"], capsys)[0] == 0


def test_a_little_worse_all_over_exits_1(earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_mean(earlier, "", 1 / 1.08)
    code, out, _ = said("validate", [f"against={earlier}"], capsys)
    assert code == 1
    assert "WORSE than in the earlier state: overall." in out


def test_a_part_that_is_gone_exits_1(earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    node = json.loads(earlier.read_text())
    node["parts"]["lost: chip left out"] = {"mean": 0.1}
    earlier.write_text(json.dumps(node))
    code, out, _ = said("validate", [f"against={earlier}", "report=json"], capsys)
    assert code == 1
    lost = json.loads(out)["tables"]["changes"][-1]
    assert (lost["part"], lost["now"], lost["worse"]) == ("lost: chip left out", None, True)


def test_better_is_no_worse(earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_mean(earlier, "", 3.0)
    code, out, _ = said("validate", [f"against={earlier}"], capsys)
    assert code == 0
    assert "No part is worse" in out


def test_without_earlier_figures_there_is_nothing_to_hold_it_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.predict.validation.errorfile.FILE", "not-made-yet.json")
    code, out, _ = said("validate", [f"out={tmp_path / 'new.json'}"], capsys)
    assert code == 0
    assert "earlier state" not in out
    kept = json.loads((tmp_path / "new.json").read_text())["parts"]
    assert set(kept) == {one.key for one in PARTS}


def test_a_wrong_part_is_refused_before_anything_is_predicted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.commands.validate.world", lambda: pytest.fail("it was predicted"))
    code, _, err = said("validate", ["part=serve"], capsys)
    assert (code, "; serving TPOT, dense; " in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["part=produkt"], "onpaper: no part has 'produkt' in its name: did you mean"),
        (["part=h20"], "onpaper: no part has 'h20' in its name: choose from: TTFT as reported, d"),
        (["against=none.json"], "onpaper: against=none.json cannot be read: No such file"),
        (["out=."], "onpaper: out=.: name a file in an existing folder"),
        (["out=no/such/folder.json"], "onpaper: out=no/such/folder.json: name a file"),
        (["part=product", "out=some.json"], "onpaper: out= keeps every part: leave out part="),
        (["parts=product"], "onpaper: validate has no key 'parts'"),
        (["report=xml"], "onpaper: no report 'xml'"),
    ],
)
def test_wrong_words_exit_2(
    words: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = said("validate", words, capsys)
    assert (code, out) == (2, "")
    assert err.startswith(told)
    assert list(tmp_path.iterdir()) == []


def test_of_a_long_list_the_worst_are_shown_and_all_of_one_part(
    monkeypatch: pytest.MonkeyPatch, earlier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = tuple(Outcome(f"chip-{at:02}", "m to 16", at / 100, (), (0.5, 0.2)) for at in range(50))
    many = [Part("product bf16", "chip left out", cases)]
    monkeypatch.setattr("bench.predict.validation.validate.validated", lambda *_: many)
    earlier.write_text('{"parts": {}}')
    words = [f"against={earlier}", "report=github"]
    short, full = (
        said("validate", [*words, *more], capsys)[1].count("\n| chip-")
        for more in ((), ("part=product",))
    )
    assert (short, full) == (SHOWN, 50)
    assert f"\n{50 - SHOWN} more lines: with report=csv" in said("validate", words, capsys)[1]
    tables = document("validate", [f"against={earlier}"], capsys)["tables"]
    assert len(tables["chips"]) == 50
    assert validation_page(many).count("\n| chip-") == SHOWN
