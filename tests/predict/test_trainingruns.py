"""Runs of training as they were measured or reported: what is taken, how divided, what is told."""

from dataclasses import replace
from typing import Any

import pytest

from bench import paths
from bench.evidence.load import reports
from bench.evidence.model import Report
from bench.predict.learning.learn import load, training_rows
from bench.predict.learning.reportedtraining import trained_rows
from bench.predict.learning.shippeddata import shipped
from bench.predict.learning.tables import Row
from bench.predict.learning.trainingruns import (
    FREE,
    TRAIN,
    engine,
    part,
    runs,
    training_fit,
    usable_and_skipped,
)
from bench.predict.validation.reportedserving import left_out, reported_serving
from bench.predict.validation.training import notes, predicted, reported_note
from tests.evidence import cases

WORLD = shipped()
ENGINES = ("llm-foundry", "megatron-bridge", "torchtitan")
DIVIDED = {"tp": "2", "pp": "1", "dp": "8"}
WORK = {"model": "Qwen3-8B", "seq": "4096", "global_batch": "128", "micro_batch": "1", **DIVIDED}


def taken(work: dict[str, str | None] | None = None, **changes: Any) -> list[Row]:
    """What is taken of one reported run of 16 chips, complete unless it is changed."""
    told = {key: word for key, word in {**WORK, **(work or {})}.items() if word is not None}
    plain = {
        "chip": "huawei-ascend-910c", "quantity": "training_rate", "value": "7000 token/s",
        "statistic": "unknown", "count": 16, "workload": told,
    }  # fmt: skip
    one = cases.row(**{**plain, **changes})
    head = cases.source()
    report = Report.model_validate({"id": "lab", "source": head, "rows": [one]})
    return trained_rows([report], WORLD.chips, WORLD.models)


def test_a_run_that_tells_everything_is_taken() -> None:
    (row,) = taken()
    assert row.words == {
        "chip": "huawei-ascend-910c", "model": "qwen3-8b", "dtype": "bf16", "stack": "lab",
        "group": cases.source()["by"], "row": "one",
    }  # fmt: skip
    wanted = {"chips": 16, "tp": 2, "pp": 1, "dp": 8, "micro": 1, "batch": 128, "length": 4096}
    assert {key: row[key] for key in wanted} == wanted
    assert row["rate"] == 7000
    assert taken(per="total", value="112000 token/s")[0]["rate"] == 7000


@pytest.mark.parametrize(
    "changed",
    [
        *({"work": {word: None}} for word in ("model", "seq", "global_batch", "micro_batch", "tp")),
        {"work": {"seq": "up to 4096"}},
        {"work": {"case": "packed samples"}},
        {"work": {"scenario": "LoRA, rank 8"}},
        {"value": "2.783 sample/s"},  # was read as tokens/s: 99.9% off
        {"work": {"model": "Nobody-8B"}},
        {"dtype": None},
        {"per": "die"},
        {"kind": "vendor gate"},
        {"quantity": "serving_output"},
        {"quantity": "training_flops", "value": "125 TFLOP/s"},
        {"quantity": "training_mfu", "value": "40 %"},
        {"chip": "nobody"},
    ],
)
def test_what_a_run_hangs_on_must_be_told(changed: dict[str, Any]) -> None:
    assert taken(**changed) == []


def test_flop_rates_of_the_910c_are_left_out_as_the_page_says() -> None:
    """They were in no test, and nothing said why."""
    report = reports()["lab-workspace-910c-c550"]
    left = [one for one in report.rows if one.quantity == "training_flops"]
    assert {(one.chip, one.workload["case"]) for one in left} == {
        ("huawei-ascend-910c", "20 of its 36 layers")
    }
    assert trained_rows([report], WORLD.chips, WORLD.models) == []
    page = (paths.data_dir("results") / "README.md").read_text("utf-8")
    assert f"All {len(left)} FLOP rates of the Ascend 910C" in page


def test_reports_of_what_tables_hold_are_not_taken_twice() -> None:
    told = trained_rows(reports().values(), WORLD.chips, WORLD.models)
    assert tuple(told) == WORLD.reported_training
    assert {one.words["stack"] for one in told} & {"torchtitan-h100", "torchtitan-h200"} == set()
    assert {"torchtitan-h100", "torchtitan-h200"} <= set(reports())


@pytest.mark.parametrize(
    ("work", "split"),
    [
        ({}, {"tp": 1, "ep": 1, "dp": 8}),
        ({"ep": "4"}, {"tp": 1, "ep": 2, "dp": 8}),
        ({"tp": "4", "dp": "4"}, {"tp": 2, "ep": 1, "dp": 4}),
        ({"tp": "1", "dp": "16"}, {"tp": 1, "ep": 1, "dp": 16}),
        ({"dp": "4"}, {"tp": 2, "ep": 1, "dp": 4}),
        ({"dp": None}, {"tp": 2, "ep": 1, "dp": 0}),
    ],
)
def test_dies_that_were_counted_are_two_of_a_chip(
    work: dict[str, str | None], split: dict[str, float]
) -> None:
    """The 16 devices of eight chips, where copies are told; else it is as it stands."""
    (row,) = taken(work, count=8)
    assert {key: row[key] for key in split} == split


def test_the_shipped_runs_by_dies_are_of_as_many_chips() -> None:
    dies = [one for one in WORLD.reported_training if one.chip == "huawei-ascend-910c"]
    told = {one.words["model"]: (one["chips"], one["tp"], one["pp"], one["dp"]) for one in dies}
    assert told == {"qwen3-8b": (8, 1, 1, 8), "deepseek-v3": (256, 1, 8, 32)}
    assert len(runs(dies, WORLD.chips, WORLD.models)) == len(dies)


@pytest.mark.parametrize(
    ("work", "told"),
    [
        ({"dp": "4"}, "16 chips are not tp2 x pp1 x cp1 x dp4"),
        ({"tp": "1", "dp": "32"}, "16 chips are not tp1 x pp1 x cp1 x dp32"),
        ({"tp": "3", "dp": None}, "16 chips are not tp3 x pp1 x cp1 x a whole number"),
        ({"tp": "32", "dp": None}, "16 chips are not tp32 x pp1 x cp1 x a whole number"),
    ],
)
def test_a_division_at_odds_with_the_chips_is_left_out_and_told(
    work: dict[str, str | None], told: str
) -> None:
    rows = taken(work)
    found, left = usable_and_skipped(rows, WORLD.chips, WORLD.models)
    assert (found, left) == ([], [(rows[0], f"huawei-ascend-910c: {told}")])
    note = reported_note(replace(WORLD, reported_training=tuple(rows)))
    assert note.endswith(f": 1 of huawei-ascend-910c: {told}")


def test_runs_on_a_chip_of_no_told_variant_are_left_out_and_told() -> None:
    _, left = usable_and_skipped(WORLD.reported_training, WORLD.chips, WORLD.models)
    assert {row.chip for row, _ in left} == {"huawei-ascend-910b"}
    note = reported_note(WORLD)
    for dtype in ("bf16", "fp16"):
        count = sum(row.words["dtype"] == dtype for row, _ in left)
        assert f"{count} of huawei-ascend-910b: no dense {dtype} matrix rate on its sheet" in note
    alone = replace(
        WORLD,
        reported_training=tuple(one for one in WORLD.reported_training if one.chip[:6] == "nvidia"),
    )
    assert "left out" not in reported_note(alone)


def test_reported_serving_that_is_left_out_is_told() -> None:
    ids = ("huawei-ascend-910b", "nvidia-h20-sxm-96gb")
    rows = [next(one for one in WORLD.reported_serving if one.chip == chip) for chip in ids]
    found = reported_serving(WORLD, load(), [rows[0], rows[0], rows[1]])
    note = left_out([rows[0], rows[0], rows[1]], found)
    assert note == "; left out, because the sheet says too little: 2 of huawei-ascend-910b"
    assert left_out([rows[1]], found) == ""


def test_each_part_says_which_engines_its_runs_are_of() -> None:
    told = notes(WORLD)
    for row in training_rows(WORLD.data):
        assert engine(row) in told[part(row, WORLD.models)]
    assert [note.partition(";")[0] for note in told.values()] == [
        "runs of llm-foundry, megatron-bridge, torchtitan", "runs of megatron-bridge",
    ]  # fmt: skip


def test_the_shipped_fit_of_training_stays_within_its_bounds_and_tells_of_engines() -> None:
    found = load().trainer
    assert all(low < getattr(found, key) < high for key, (low, high) in FREE.items())
    assert 0.05 < found.engines < 0.5
    assert found.known.keys() == set(ENGINES)
    logs = [log for log, _ in found.known.values()]
    assert min(logs) < found.middle < max(logs), "the middle was faster than each of them"
    assert all(0 < deviation < found.engines for _, deviation in found.known.values())
    assert found.of("none of them") == (found.middle, found.engines)


def test_an_engine_that_ran_on_more_chips_is_the_better_known() -> None:
    found = runs(training_rows(WORLD.data), WORLD.chips, WORLD.models)
    chips = {one: {run.row.chip for run in found if engine(run.row) == one} for one in ENGINES}
    known = load().trainer.known
    by_chips = sorted(ENGINES, key=lambda one: len(chips[one]))
    assert [known[one][1] for one in by_chips] == sorted(
        (known[one][1] for one in ENGINES), reverse=True
    )


def test_runs_are_predicted_with_what_their_engine_adds() -> None:
    every = runs(training_rows(WORLD.data), WORLD.chips, WORLD.models)
    own = [one for one in every if engine(one.row) == "torchtitan"]
    stack = WORLD.stack()
    trainer, parts = training_fit(every, WORLD.models, stack)
    blind = replace(trainer, known={})
    known, unknown = (
        predicted(WORLD, own, every, stack, (one, parts))[TRAIN] for one in (trainer, blind)
    )
    slower = trainer.known["torchtitan"][0] - trainer.middle
    assert slower > 0
    for one, other in zip(known, unknown, strict=True):
        assert one.error - other.error == pytest.approx(slower)
        assert one.halves[0] < other.halves[0]


def test_what_is_said_of_the_runs_is_so() -> None:
    rows = training_rows(WORLD.data)
    words = {3: "three", 9: "nine"}
    engines, chips = (len(set(map(one, rows))) for one in (engine, lambda row: row.chip))
    text = " ".join((paths.data_dir("results") / "README.md").read_text("utf-8").split())
    assert f"fitted on {len(rows)} runs of {words[engines]} of them on {words[chips]} chips" in text
