"""The schemas mark what the program refuses: noughts, rates of no basis, days that are none."""

from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from bench import paths
from bench.reference.schema import schemas

SPECS = paths.data_dir("specs")
CHECKED = {name: Draft7Validator(schema) for name, schema in schemas().items()}
RATE = {"value": "148 TFLOP/s", "source": "a"}


def as_text(name: str) -> Any:
    """A shipped file as the program reads it: every scalar is text."""
    text = (SPECS / name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 -- makes text alone


def faults(name: str, data: object) -> list[str]:
    """Where a schema finds fault, each place once."""
    found = (".".join(map(str, one.absolute_path)) for one in CHECKED[name].iter_errors(data))
    return list(dict.fromkeys(found))


def sheet(**fields: object) -> list[str]:
    """Where the schema finds fault with a sheet of these fields."""
    return faults("chip", {**as_text("chips/nvidia-h20-sxm-96gb.yaml"), **fields})


def rule(**fields: object) -> list[str]:
    """Where the schema finds fault with a rule of these fields."""
    return faults("rule", {**as_text("rules/2023-11-17-us-3a090.yaml"), **fields})


@pytest.mark.parametrize("count", [8, "8", "72", "10"], ids=repr)
def test_a_count_is_above_nought(count: object) -> None:
    assert sheet(members=[{"chip": "a", "count": count}]) == []


@pytest.mark.parametrize("count", [0, -1, "0", "-1", "08", "1.5", "", "8 "], ids=repr)
def test_a_count_of_nought_or_less_is_marked(count: object) -> None:
    assert sheet(members=[{"chip": "a", "count": count}]) == ["members.0.count"]


def test_the_number_of_a_processors_model_may_be_nought() -> None:
    told = {"vendor": "HygonGenuine", "family": "24", "models": ["0", 1, "17"]}
    assert sheet(identity={"cpuid": told}) == []


@pytest.mark.parametrize("number", ["0", "0.0", "00", "0e5", "-1", "-0.5", "0.000"])
def test_a_quantity_of_nought_or_less_is_marked(number: str) -> None:
    power, rate = f"{number} W", f"{number} TFLOP/s"
    assert sheet(figures={"tdp": {"value": power, "source": "a"}})[0] == "figures.tdp.value"
    rival = {
        **RATE,
        "basis": "dense",
        "why": "b",
        "rivals": [{**RATE, "basis": "dense", "value": rate}],
    }
    assert sheet(figures={"matrix_bf16": rival})[0] == "figures.matrix_bf16.rivals.0.value"
    assert sheet(identity={"memory": [f"{number} MiB"]}) == ["identity.memory.0"]
    cycle = {"matrix_bf16": {"value": f"{number} FLOP/cycle", "source": "b"}}
    told = faults("architectures", {"a": {"name": "A", "unit": "SM", "cycle": cycle}})
    assert told[0] == "a.cycle.matrix_bf16.value"
    assert rule(outcomes=[{"id": "a", "when": {"tpp": f">= {number}"}}]) == ["outcomes.0.when.tpp"]


@pytest.mark.parametrize("number", [0, -1, 0.0])
def test_a_plain_number_of_nought_or_less_is_marked(number: float) -> None:
    told = sheet(figures={"units": {"value": number, "source": "a"}})
    assert told == ["figures.units.value"]


@pytest.mark.parametrize("number", ["1", "0.5", "0.05", "10", "100.0", "1e3", "2.5E-3"])
def test_any_quantity_above_nought_is_well(number: str) -> None:
    assert sheet(figures={"tdp": {"value": f"{number} W", "source": "a"}}) == []
    assert rule(outcomes=[{"id": "a", "when": {"tpp": f">= {number}"}}]) == []


@pytest.mark.parametrize("key", ["matrix_bf16", "matrix_fp16_acc16", "vector_fp32"])
def test_a_dense_rate_says_how_it_is_known_to_be_dense(key: str) -> None:
    assert sheet(figures={key: RATE}) == [f"figures.{key}"]
    assert sheet(figures={key: {**RATE, "basis": "dense"}}) == []
    rivals = {**RATE, "basis": "dense", "why": "b", "rivals": [RATE]}
    assert sheet(figures={key: rivals}) == [f"figures.{key}.rivals.0"]


@pytest.mark.parametrize("gap", ["unknown", "unsupported"])
def test_a_gap_and_a_sparse_rate_need_no_basis(gap: str) -> None:
    assert sheet(figures={"matrix_bf16": {"value": gap, "source": "a"}}) == []
    assert sheet(figures={"sparse_bf16": RATE}) == []
    assert sheet(figures={"matrix_units": {"value": "4", "source": "a"}}) == []


@pytest.mark.parametrize(
    "day", ["2026-13-01", "2026-00-01", "2026-01-32", "2026-01-00", "2026-1-1"]
)
def test_a_day_looks_like_one_of_the_calendar(day: str) -> None:
    assert rule(effective=day, end=day) == ["effective", "end"]
    assert rule(suspended={"since": day, "until": "2026-12-31"}) == ["suspended.since"]
    assert rule(enforced_until=day) == ["enforced_until"]
    data = as_text("destinations.yaml")
    assert faults("destinations", {**data, "checked_to": day}) == ["checked_to"]


def test_never_is_the_last_day_of_what_was_not_enforced() -> None:
    assert rule(enforced_until="never") == []
    assert rule(end="never") == ["end"]


@pytest.mark.parametrize("key", ["tpp + pd", "io + io", "io + hbm", "io + memory_bandwidth + io"])
def test_a_sum_that_means_nothing_is_marked(key: str) -> None:
    assert rule(outcomes=[{"id": "a", "when": {key: ">= 5 GB/s"}}]) == ["outcomes.0.when"]


@pytest.mark.parametrize("threshold", [">= 5 GB/s", "> unknown", "<1.5 TB/s"])
def test_a_sum_of_rates_of_bytes_is_well(threshold: str) -> None:
    for key in ("memory_bandwidth + interconnect", "io+memory_bandwidth + interconnect"):
        assert rule(outcomes=[{"id": "a", "when": {key: threshold}}]) == []


def test_a_sum_is_compared_with_a_rate() -> None:
    told = rule(outcomes=[{"id": "a", "when": {"memory_bandwidth + interconnect": ">= 5"}}])
    assert told == ["outcomes.0.when.memory_bandwidth + interconnect"]


@pytest.mark.parametrize("eccn", ["3A90", "3A090.A", "3A090.a.", "3F090"])
def test_a_paragraph_that_is_none_is_marked(eccn: str) -> None:
    assert rule(outcomes=[{"id": "a", "eccn": eccn}]) == ["outcomes.0.eccn"]
    assert rule(outcomes=[{"id": "a", "when": {"eccn": [eccn]}}]) == ["outcomes.0.when.eccn.0"]
    row = {"eccns": [eccn], "destination": {"worldwide": "yes"}, "policy": "none"}
    assert rule(policies=[row]) == ["policies.0.eccns.0"]
    assert rule(policies=[{**row, "eccns": []}]) == ["policies.0.eccns"]


@pytest.mark.parametrize("code", ["china", "cn", "CHN"])
def test_a_code_that_is_none_is_marked(code: str) -> None:
    data = as_text("destinations.yaml")
    assert faults("destinations", {**data, "countries": {code: {"name": "A"}}}) == ["countries"]
