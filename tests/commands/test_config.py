"""Every key reaches its place, every value arrives as it was typed, every mistake is named."""

import dataclasses
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.config import GROUPS, choices, compose, device_word, folder, positive, spelled_out
from bench.devices.registry import words
from bench.errors import UsageError, did_you_mean
from bench.measure.suite import items
from bench.paths import runs_dir  # as it is: each test sees an empty folder in its place
from bench.shapes import (
    SHAPES,
    CompareConfig,
    DeviceChoice,
    RulesConfig,
    RunConfig,
    ShowConfig,
)
from tests.folders import ROOT

SAMPLES: dict[object, Callable[[int], tuple[str, object]]] = {
    str: lambda number: (f"word{number}", f"word{number}"),
    int: lambda number: (f"{number}", number),
    float: lambda number: (f"{number}.25", number + 0.25),
    bool: lambda _: ("true", True),
    list[str]: lambda number: (f"[a,b{number}]", ["a", f"b{number}"]),
}
"""Of each type, what is typed and what arrives; of each number, others."""


def leaves(shape: type, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every key of a config that holds one value, with its type."""
    for one in dataclasses.fields(shape):
        inner: Any = one.default_factory
        if dataclasses.is_dataclass(inner) and isinstance(inner, type):
            yield from leaves(inner, f"{prefix}{one.name}.")
        elif one.name != "items":  # a suite's items are a list: tried below
            yield prefix + one.name, one.type


@pytest.mark.parametrize("command", SHAPES)
def test_every_key_reaches_its_place(command: str) -> None:
    """All at once, each with a value of its own."""
    given: dict[str, tuple[str, object]] = {}
    for number, (key, kind) in enumerate(leaves(SHAPES[command])):
        plain = next(one for one in SAMPLES if kind in (one, one | None))  # type: ignore[operator]
        given[key] = SAMPLES[plain](number)
    if "report.format" in given:
        given["report.format"] = ("latex", "latex")
    words = [f"{key}={typed}" for key, (typed, _) in given.items()]
    found: Any = compose(command, words, SHAPES[command])
    arrived = {key: reduce(getattr, key.split("."), found) for key in given}
    assert arrived == {key: value for key, (_, value) in given.items()}


@pytest.mark.parametrize(
    ("command", "key"),
    [("run", "suite.items"), ("show", "report"), ("doctor", "device"), ("run", "suite")],
)
def test_keys_that_hold_more_than_a_value_are_known(command: str, key: str) -> None:
    value = {"suite.items": "[]", "report": "csv", "device": "fake", "suite": "smoke"}[key]
    assert isinstance(compose(command, [f"{key}={value}"], SHAPES[command]), SHAPES[command])


@pytest.mark.parametrize(
    "text",
    [
        "910", "0012", "1e3", "true", "a,b", "a=b", "{a", "[x]", "a b (c)", "it's", "\\", "a\\'b",
        'say "x"', "昇腾910B", "~/x", "C:\\dir\\", "a: b", "#1", "*",
    ],
)  # fmt: skip
def test_text_arrives_as_it_was_typed(text: str) -> None:
    assert compose("show", [f"record={text}"], ShowConfig).record == text


@pytest.mark.parametrize(
    ("typed", "value"), [("null", None), ("'null'", "null"), ("'a b'", "a b"), ("", "")]
)
def test_null_and_quotes_are_the_grammar_that_is_left(typed: str, value: str | None) -> None:
    assert compose("show", [f"record={typed}"], ShowConfig).record == value


@pytest.mark.parametrize(
    ("word", "spelled"),
    [
        ("device=cuda:1", ["device=cuda", "device.index=1"]),
        ("device=cuda", ["device=cuda"]),
        ("chip=a:b", ["chip=a:b"]),
        ("device.name=cuda:1", ["device.name=cuda:1"]),
        ("out=C:/x", ["out=C:/x"]),
    ],
)
def test_a_device_with_an_index_is_spelled_out(word: str, spelled: list[str]) -> None:
    assert spelled_out([word]) == spelled


@pytest.mark.parametrize(
    ("choice", "word"),
    [
        (DeviceChoice("cuda", 1), "cuda:1"),
        (DeviceChoice("cuda"), "cuda"),
        (DeviceChoice("auto", 2), "auto:2"),
        (DeviceChoice("fake"), "fake"),
    ],
)
def test_a_device_is_one_word_again(choice: DeviceChoice, word: str) -> None:
    assert device_word(choice) == word


@pytest.mark.parametrize("choice", [DeviceChoice("fake", 1), DeviceChoice("cuda", -1)])
def test_an_index_that_cannot_be_is_refused(choice: DeviceChoice) -> None:
    with pytest.raises(UsageError, match=f"no device '{choice.name}:{choice.index}'"):
        device_word(choice)


@pytest.mark.parametrize(
    ("command", "words", "said"),
    [
        ("run", "sede=1", "run has no key 'sede': did you mean 'seconds' or "),
        ("run", "device.fake.sed=1", "run has no key 'device.fake.sed': did you mean 'seed' or"),
        ("run", "report.fromat=csv", "run has no key 'report.fromat': did you mean 'format'?"),
        ("run", "hydra.sweep.dir=x", "hydra.sweep.dir=x goes with -m only: python -m bench run"),
        ("chips", "~hydra/launcher=basic", "~hydra/launcher=basic goes with -m only"),
        ("chips", "hydrant=3", "chips has no key 'hydrant': choose from"),
        ("run", "+x=1", "run has no key 'x': choose from: batch, chip, data, device,"),
        ("show", "suite=quick", "show has no key 'suite': did you mean"),
        ("check", "q=x", "check has no key 'q': choose from: specs"),
        ("check", "spec=x", "check has no key 'spec': did you mean 'specs'?"),
        ("run", "suite=smokes", "no suite 'smokes': did you mean 'smoke'?"),
        ("run", "device=", "no device '': choose from: accelerator, all, auto, cpu, cuda"),
        ("chips", "report.format=cvs", "no report 'cvs': did you mean 'csv'?"),
        ("run", "m=1.5", "m=1.5: write a whole number"),
        ("predict", "operators=maybe", "operators=maybe: write true or false"),
        ("run", "margin=10%", "margin=10%: write a number, 0.1 for 10%"),
        ("run", "quiet=maybe", "quiet=maybe: write true or false"),
        ("run", "words", "'words' is no key=value: try 'python -m bench run --help'"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_nearest(command: str, words: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        compose(command, words.split(), SHAPES[command])
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("h2o", "did you mean 'h20'?"),
        ("H20", "did you mean 'h20'?"),
        ("zzz", "choose from: a100, h20"),
        ("1", "choose from: a100, h20"),
        ("domestic", "choose from: a100, h20"),
    ],
)
def test_did_you_mean(word: str, said: str) -> None:
    assert did_you_mean(word, ["h20", "a100", "h20"]) == said


def test_a_word_within_a_longer_one_is_near_to_it() -> None:
    known = [f"2025-0{month}-cac-domestic-chips-are-comparable" for month in range(1, 6)]
    said = did_you_mean("Domestic", [*known, "h20"])
    assert said == f"did you mean {known[0]!r} or {known[1]!r} or {known[2]!r}?"


def test_the_one_word_that_begins_so_is_the_nearest() -> None:
    known = ["qwen2.5-7b", "qwen3-235b-a22b", "qwen3-32b"]
    assert did_you_mean("qwen3-235b", known).startswith("did you mean 'qwen3-235b-a22b' or ")


def test_where_nothing_is_near_the_usual_words_are_shown_first() -> None:
    known = ["clock", "decode", "matrix"]
    assert did_you_mean("?", known, ["matrix", "decode"]) == "choose from: matrix, decode, ..."
    assert did_you_mean("clok", known, ["matrix"]) == "did you mean 'clock'?"


def test_a_long_list_of_choices_is_cut() -> None:
    said = did_you_mean("?", [f"w{number:02}" for number in range(20)])
    assert said == "choose from: " + ", ".join(f"w{number:02}" for number in range(12)) + ", ..."


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), 0.6])
def test_only_a_finite_number_above_zero_is_positive(value: float) -> None:
    with pytest.raises(UsageError, match=r"^margin="):
        positive("margin", value, 0.5)


def test_a_positive_number_is_handed_back() -> None:
    assert (positive("seconds", 1e9), positive("margin", 0.5, 0.5)) == (1e9, 0.5)


def test_the_device_choices_are_the_backends_and_auto() -> None:
    assert choices("device") == sorted((*words(), "all"))


@pytest.mark.parametrize("group", GROUPS)
def test_every_choice_of_a_group_is_named_as_its_file(group: str) -> None:
    field = {"suite": "name", "device": "name", "report": "format"}[group]
    for name in choices(group):
        config = compose("run", [f"{group}={name}"], RunConfig)
        seen = "github" if (group, name) == ("report", "auto") else name  # no terminal is here
        assert getattr(getattr(config, group), field) == seen


SUITES = {
    "calibrate": 58, "full": 140, "links": 48, "llm": 16, "matmul": 26, "memory": 49, "quick": 13,
    "smoke": 4, "standard": 95, "sustained": 2,
}  # fmt: skip
"""How many measurements each is."""


@pytest.mark.parametrize(("suite", "number"), SUITES.items())
def test_every_suite_has_its_items(suite: str, number: int) -> None:
    assert len(items(compose("run", [f"suite={suite}"], RunConfig))) == number


def test_the_suites_tried_are_all_there_are() -> None:
    assert choices("suite") == list(SUITES)


def test_a_clone_keeps_records_in_its_results() -> None:
    assert runs_dir() == ROOT / "results" / "runs"


def test_records_go_where_out_says_or_to_the_default_place() -> None:
    assert (folder("x/y"), folder(None)) == (Path("x/y"), paths.runs_dir())


def test_records_do_not_go_into_a_file(tmp_path: Path) -> None:
    (tmp_path / "d.json").mkdir()
    (tmp_path / "file").touch()
    assert folder(str(tmp_path / "d.json")) == tmp_path / "d.json"
    for out in ("x.json", str(tmp_path / "file")):
        with pytest.raises(UsageError, match="out= is a folder"):
            folder(out)


def test_composing_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    compose("run", ["device=fake"], RunConfig)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("word", ["markdown", "md", "Markdown"])
def test_markdown_is_the_format_of_github(word: str) -> None:
    assert compose("compare", [f"report={word}"], CompareConfig).report.format == "github"


@pytest.mark.parametrize(
    ("command", "shape", "offered"),
    [("compare", CompareConfig, False), ("rules", RulesConfig, False), ("show", ShowConfig, True)],
)
def test_only_formats_that_a_command_has_are_offered(
    command: str, shape: type, *, offered: bool
) -> None:
    with pytest.raises(UsageError, match=r"^no report 'zzz': choose from: auto, ") as caught:
        compose(command, ["report=zzz"], shape)
    assert ("pytest-benchmark" in str(caught.value)) is offered


def test_a_spreadsheet_is_told_what_it_can_open() -> None:
    with pytest.raises(UsageError, match=r"^no report 'xlsx': try report=csv, which spreadsheets "):
        compose("compare", ["report=xlsx"], CompareConfig)
