"""Importer of vllm bench serve and sglang.bench_serving; and predictions beside their results."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from bench.importers.base import NotUnderstood, Stated
from bench.importers.registry import importer
from tests import folders
from tests.commands.command_cases import said
from tests.importers.cases import SERVED, briefly, take, text

JSON = json.loads(text("bench-serving.json"))
FILE = str(folders.DATA / "importers" / "bench-serving.json")
SLOW = {"request_rate": 1.0, "request_throughput": 1.0, "output_throughput": 512, "duration": 320}
ASKED = [f"file={FILE}", "chip=h20", "by=A. Tester", "dtype=bf16", "parallel=tp8"]


def work(changes: Mapping[str, object]) -> dict[str, str]:
    """What was served in the run of the fixture with some values changed."""
    found = importer("bench-serving").read(json.dumps(JSON | changes), SERVED)
    return {str(key): word for key, word in found.rows[0].workload.items()}


def test_rate_and_times_of_a_run_are_read_from_vllm_s_json() -> None:
    found = take("bench-serving.json")
    assert [briefly(row) for row in found.rows] == [
        ("serving_output", "bf16", "830.5 token/s", "mean", []),
        ("tpot", "bf16", "36.512 ms", "mean", []),
        ("ttft", "bf16", "1113.25 ms", "mean", []),
    ]
    rate, *times = found.rows
    assert (rate.per, rate.count, rate.date) == ("total", 8, "2026-08-15")
    assert {row.per for row in times} == {"device"}
    assert dict(rate.workload) == {
        "model": "Llama-3.1-70B-Instruct", "input": "2048", "output": "512", "requests": "320",
        "concurrency": "32", "tp": "8",
    }  # fmt: skip
    assert dict(rate.conditions) == {"tool": "vllm bench serve"}


def test_each_line_of_sglang_s_file_is_a_run_and_the_user_names_its_model() -> None:
    found = take("bench-serving.jsonl")
    assert [row.id for row in found.rows] == [
        "c16-1024-1024-output", "c16-1024-1024-tpot", "c16-1024-1024-ttft",
        "c8-1024-128-output", "c8-1024-128-tpot", "c8-1024-128-ttft",
    ]  # fmt: skip
    first, limited = found.rows[0], found.rows[3]
    assert [one.value for one in first.defects] == ["short run"]
    assert limited.workload["case"] == "speculative decoding, 2.4 tokens a step"
    assert limited.conditions["setup"] == "2 requests/s"
    assert limited.conditions["tool"] == "sglang.bench_serving"
    assert found.left_out == ("line 3: no request was served",)
    with pytest.raises(NotUnderstood, match="line 1: it does not say which model was served"):
        take("bench-serving.jsonl", replace(SERVED, date="2026-11"))


def test_the_printed_table_is_read_with_the_settings_before_it() -> None:
    found = take("bench-serving.txt")
    assert [briefly(row)[2] for row in found.rows] == ["434.4 token/s", "69.14 ms", "2279.56 ms"]
    assert found.rows[0].workload["model"] == "Qwen2.5-72B-Instruct"
    assert found.rows[0].workload["concurrency"] == "32"


@pytest.mark.parametrize(
    ("changes", "at_once"),
    [
        ({}, "32"),
        ({"max_concurrency": None}, "320"),
        ({"max_concurrency": 512}, "320"),
        ({**SLOW, "mean_e2el_ms": 19_600}, "20"),
        (SLOW, "20"),  # 1.11 s + 511 x 36.5 ms
        ({"request_rate": 9.0, "request_throughput": 9.0}, "32"),
    ],
)
def test_requests_at_once_are_the_limit_or_their_mean_at_a_limited_rate(
    changes: Mapping[str, object], at_once: str
) -> None:
    assert work(changes)["concurrency"] == at_once


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"failed": 4}, "4 of 324 requests failed"),
        ({"completed": 0}, "no request was served"),
        ({"output_throughput": None}, "output_throughput is 'None'"),
        ({"total_input_tokens": "many"}, "total_input_tokens is 'many'"),
        ({"mean_tpot_ms": -5}, "mean_tpot_ms is '-5'"),
        ({"duration": 0}, "duration is '0'"),
        ({"output_throughput": 8300.5}, "163840 tokens in 197.3 s are 830.4"),
        (
            {"max_concurrency": 4},
            "830.5 tokens/s at 36.512 ms each take 30 requests at once, not 4",
        ),
        ({"date": "20310101-000000"}, "it is dated 2031-01-01, after today"),
        ({"model_id": "x/Llama-3.1-70B-Instruct-FP8"}, "is not in bf16; give dtype=fp8"),
    ],
)
def test_a_run_that_measures_nothing_is_refused_with_the_reason(
    changes: Mapping[str, object], told: str
) -> None:
    with pytest.raises(NotUnderstood, match=told):
        work(changes)


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        (replace(SERVED, dtype=None), "give dtype=, such as bf16"),
        (replace(SERVED, count=None), "it does not say on how many chips; give parallel=, such as"),
    ],
)
def test_what_no_output_says_the_user_has_to_state(stated: Stated, told: str) -> None:
    with pytest.raises(NotUnderstood, match=told):
        take("bench-serving.json", stated)


# the command


def test_each_measurement_is_told_with_its_prediction(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said("import", ASKED, capsys)
    assert code == 0
    assert "value: 830.5 token/s" in out
    first, rate, time = err.splitlines()[1:]
    assert first.endswith("not predicted: it may hold a queue, except at one request at once")
    assert rate.startswith("c32-2048-512-output: tokens/s 830, predicted ")
    assert time.startswith("c32-2048-512-tpot: TPOT 36.5 ms, predicted ")
    assert rate.endswith("within the 80% interval")
    asked = ["chips=h20", "workload=llama-3.1-70b", "parallel=8", "batch=32", "report=csv"]
    _, table, _ = said("predict", asked, capsys)
    names, values = (line.split(",") for line in table.splitlines())
    predicted = float(values[names.index("tokens_per_s")])
    assert f"predicted {predicted:,.0f} (" in rate, "what predict says of the same question"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["workload=my-model"], "no workload 'my-model' in specs/workloads: give workload="),
        (["parallel=tp3"], "tp3 does not divide the 64 heads of llama-3.1-70b"),
        (["parallel=tp8,ep8"], "ep8: llama-3.1-70b has no experts"),
        (["parallel=tp4,pp2"], "pipeline stages are not compared"),
        (["parallel=tp1"], "by its sheet it does not fit on 1 chip"),
    ],
)
def test_why_a_run_has_no_prediction_is_told(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = words if words[0].startswith("parallel") else [*words, ASKED[-1]]
    code, out, err = said("import", [*ASKED[:-1], *asked], capsys)
    assert (code, "830.5 token/s" in out) == (0, True)
    assert f"c32-2048-512-output: tokens/s 830, not predicted: {told}" in err


def test_a_way_to_train_is_no_way_to_serve(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said("import", [*ASKED[:-1], "parallel=fsdp8"], capsys)
    assert code == 2
    assert "fsdp, cp and vp are of phase=train" in err


def test_a_model_is_known_by_its_published_name(capsys: pytest.CaptureFixture[str]) -> None:
    name = "workload=meta-llama/Meta-Llama-3.1-70B-Instruct-FP8"
    words = [word for word in ASKED if not word.startswith("dtype")]
    _, _, err = said("import", [*words, "dtype=fp8", name], capsys)
    assert "c32-2048-512-output: tokens/s 830, predicted " in err


def test_the_number_of_devices_follows_from_the_division(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "count: 8\n" in said("import", ASKED, capsys)[1]
    code, _, err = said("import", [*ASKED, "count=4"], capsys)
    assert code == 2
    assert "parallel=tp8 is 8 devices, not 4: leave out count=" in err
