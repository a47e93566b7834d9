"""What was learnt is what the shipped tables say, and its file reads as it was written."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.errors import UsageError
from bench.predict.learning.learn import (
    ADAPTER,
    DENSE,
    EXPERTS,
    Learnt,
    digest,
    load,
    written,
)
from bench.predict.learning.servingrows import as_served, same_work, served
from bench.predict.learning.shippeddata import learn_all, shipped
from bench.predict.learning.tables import Row, Table, decoding, tables
from bench.predict.learning.trainingruns import TRAIN, TRAIN_EXPERTS
from bench.predict.model.facts import Facts
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import precision
from bench.predict.model.serving import Load, serve
from bench.predict.model.stack import Stack
from bench.workloads.load import workload, workloads
from tests.predict.cases import chips, made

__all__ = ["chips"]


@pytest.fixture(scope="session")
def data() -> Mapping[str, Table]:
    """The shipped tables."""
    return tables()


@pytest.fixture(scope="session")
def fresh() -> Learnt:
    """What they say today."""
    return learn_all(shipped())


def numbers(node: Any, place: str = "") -> Iterator[tuple[str, float | str | None]]:
    """Every leaf of a tree with its place."""
    parts = node.items() if isinstance(node, dict) else enumerate(node)
    for key, one in parts:
        if isinstance(one, (dict, list, tuple)):
            yield from numbers(one, f"{place}.{key}")
        else:
            yield f"{place}.{key}", one


def test_the_file_is_of_the_shipped_data(
    chips: dict[str, Facts], data: Mapping[str, Table]
) -> None:
    """If this fails, tables or sheets were changed: make the file anew with ``calibrate``."""
    assert load().data_sha256 == digest(chips, workloads(), data)


def test_learning_anew_gives_the_numbers_of_the_file(fresh: Learnt) -> None:
    kept, new = (dict(numbers(ADAPTER.dump_python(one, mode="json"))) for one in (load(), fresh))
    assert set(kept) == set(new)
    for place, value in new.items():
        if isinstance(value, float):
            assert kept[place] == pytest.approx(value, rel=1e-3, abs=1e-4), place
        else:
            assert kept[place] == value, place


def test_what_an_engine_adds_on_two_chips_cancels_in_their_ratio(fresh: Learnt) -> None:
    first = [one for _, one in fresh.first.values()]
    for part in (fresh.parts[DENSE], fresh.parts[EXPERTS], *first):
        assert part.apart.scale < part.within


def test_what_was_learnt_is_written_as_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "again.json"
    file.write_text(written(load()), encoding="utf-8")
    assert load(file) == load()
    assert written(load(file)) == written(load())


def test_numbers_are_written_to_six_digits(tmp_path: Path) -> None:
    file = tmp_path / "odd.json"
    text = written(replace(load(), stack=Stack(product=0.1234567891, layer_s=1.23456789e-5)))
    file.write_text(text, encoding="utf-8")
    assert (load(file).stack.product, load(file).stack.layer_s) == (0.123457, 1.23457e-05)


def test_all_that_a_forecast_asks_for_was_learnt() -> None:
    assert set(load().parts) == {"prefill", "decode", DENSE, EXPERTS, TRAIN, TRAIN_EXPERTS}
    assert set(load().products) == {"bf16", "fp8"}
    for part in load().parts.values():
        assert part.spread > 0
        assert part.within > 0
        assert len(part.labels) == len(part.means) == len(part.counts) == len(part.weights)


def test_every_step_of_the_table_counts_once(data: Mapping[str, Table]) -> None:
    rows = data["step-pipeweave"].rows
    for phase in ("prefill", "decode"):
        part = load().parts[phase]
        assert sum(part.counts) == len(rows)
        assert {one[3] for one in part.labels} == {row.chip for row in rows}


def test_the_labels_are_those_of_the_sheets_today(chips: dict[str, Facts]) -> None:
    products = [one for _, one in load().products.values()]
    for part in (*load().parts.values(), *products):
        assert [chips[one[3]].labels for one in part.labels] == list(part.labels)


def test_the_digest_tells_a_changed_row_and_a_changed_sheet(
    chips: dict[str, Facts], data: Mapping[str, Table]
) -> None:
    steps = {"step-pipeweave": data["step-pipeweave"]}
    models = workloads()
    was = digest(chips, models, steps)
    first, *rest = steps["step-pipeweave"].rows
    more = Row(first.words, {**first.numbers, "decode_s": first["decode_s"] * 1.001})
    assert (
        digest(
            chips, models, {"step-pipeweave": replace(steps["step-pipeweave"], rows=(more, *rest))}
        )
        != was
    )
    faster = replace(chips[first.chip], bandwidth=1.0)
    assert digest({**chips, first.chip: faster}, models, steps) != was
    assert digest({**chips, "new": made("new")}, models, steps) == was
    wider = models["llama-3.1-70b"].model_copy(update={"intermediate": 1})
    assert digest(chips, {**models, "llama-3.1-70b": wider}, steps) != was
    renamed = models["llama-3.1-70b"].model_copy(update={"name": "another"})
    assert digest(chips, {**models, "llama-3.1-70b": renamed}, steps) == was
    assert digest(chips, models, dict(reversed(steps.items()))) == was


def test_a_missing_or_broken_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="calibration="):
        load(tmp_path / "none.json")
    for place, text in enumerate(["", "{}", "[1]", '{"stack": 3}']):
        file = tmp_path / f"{place}.json"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match="is no calibration, or one of an older program: make"):
            load(file)


def test_a_file_that_lacks_a_part_or_a_number_is_told(tmp_path: Path) -> None:
    """As one of a program that knew no first tokens does."""
    known = load()
    how, part = known.first[DENSE]
    short = replace(part, tails=(0.1,))
    for place, bad in enumerate(
        (
            replace(known, first={DENSE: (how, part)}),
            replace(known, first={DENSE: (how, part), "else": known.first[EXPERTS]}),
            replace(known, first={**known.first, DENSE: (how, short)}),
            replace(known, parts={DENSE: part}),
        )
    ):
        file = tmp_path / f"{place}.json"
        file.write_text(written(bad), encoding="utf-8")
        with pytest.raises(UsageError, match="or one of an older program: make it with calibrate"):
            load(file)


def serving(chip: str, model: str, dtype: str, concurrency: float = 16.0, dp: float = 1.0) -> Row:
    """One line of a table of serving."""
    words = {"chip": chip, "model": model, "dtype": dtype, "stack": "vllm 0.9"}
    numbers = {"tp": 8.0, "ep": 1.0, "dp": dp, "input": 1000.0, "output": 500.0}
    return Row(words, {**numbers, "concurrency": concurrency})


def test_each_row_is_predicted_with_its_own_layout_in_its_own_place() -> None:
    rows = [serving("a", "llama-3.1-70b", "fp8"), serving("b", "llama-3.1-8b", "bf16", 4),
            serving("a", "llama-3.1-70b", "fp8", 64), serving("dark", "llama-3.1-8b", "bf16"),
            serving("b", "llama-3.1-70b", "int8")]  # fmt: skip
    known = {"a": made("a"), "b": made("b", bandwidth=2e12), "dark": made("dark", bandwidth=None)}
    told = served(rows, known, workloads(), Stack())
    for place in (0, 1, 2):
        row = rows[place]
        model, chip = workload(row.words["model"]), known[row.chip]
        asked = Load(*(np.array([row[key]]) for key in ("concurrency", "input", "output")))
        how = as_served(row.words["dtype"], chip, model)
        assert told[place] == serve(chip, model, asked, how, Parallel(tp=8), Stack()).tpot[0]
    assert np.isnan(told[3:]).all()


def test_a_row_is_predicted_with_the_cache_it_was_run_with() -> None:
    plain = serving("a", "llama-3.1-70b", "fp8", 64)
    narrow = Row({**plain.words, "kv_dtype": "fp8"}, plain.numbers)
    told = served([plain, narrow], {"a": made("a")}, workloads(), Stack())
    asked = Load(*(np.array([plain[key]]) for key in ("concurrency", "input", "output")))
    for cache, seconds in zip(("bf16", "fp8"), told, strict=True):
        how, model = precision("fp8", cache, experts=False), workload("llama-3.1-70b")
        assert seconds == serve(made("a"), model, asked, how, Parallel(tp=8), Stack()).tpot[0]
    assert told[1] < told[0]


def test_four_bits_run_in_sixteen_without_units_of_their_own() -> None:
    plain, block = made(), made(peaks={"bf16": 1e15, "fp4": 4e15})
    experts, dense = workload("kimi-k2"), workload("qwen3-32b")
    assert as_served("mxfp4", plain, experts).name == "mxfp4-a16"
    assert as_served("mxfp4", block, experts).name == "mxfp4"
    assert as_served("int4", block, experts).name == "int4-a16"
    assert as_served("fp8", plain, dense).name == "fp8"
    assert as_served("int4", plain, experts).dense_weight == 2.0
    assert as_served("int4", plain, dense).dense_weight < 0.6


@pytest.mark.parametrize("peaks", [{"fp8": 2e15}, {"fp8": 2e15, "fp4": 4e15}])
def test_four_bits_of_a_model_published_with_eight_beside_them_mean_both(
    peaks: dict[str, float],
) -> None:
    how = as_served("mxfp4", made(peaks=peaks), workload("deepseek-v4-flash"))
    assert (how.name, how.weight < 0.6, how.dense_weight) == ("mxfp4-a8", True, 1.0)


def test_rows_whose_requests_mostly_wait_tell_no_batch() -> None:
    """499 tokens of 10 ms follow the first."""
    row = serving("a", "llama-3.1-70b", "fp8")
    brief, long = (
        Row(row.words, {**row.numbers, "tpot_ms": 10.0, "ttft_ms": wait}) for wait in (4e3, 5e3)
    )
    assert decoding([brief, long]) == (brief,)


def test_no_shipped_row_that_is_fitted_waits_most_of_its_time(data: Mapping[str, Table]) -> None:
    rows = data["serving-inferencex"].rows
    kept = decoding(rows)
    assert 0 < len(rows) - len(kept) < 0.02 * len(rows)
    asked = {"gpt-oss-120b": 512.0}
    crowded = [row for row in rows if row["concurrency"] == asked.get(row.words["model"])]
    assert crowded
    assert not set(map(id, crowded)) & set(map(id, kept))


def test_one_work_on_two_chips_is_the_same() -> None:
    one, other = (serving(chip, "llama-3.1-70b", "fp8") for chip in ("a", "b"))
    assert same_work(one) == same_work(other)
    assert same_work(one) != same_work(serving("a", "llama-3.1-70b", "fp8", 32))
    assert same_work(one) != same_work(serving("a", "llama-3.1-70b", "bf16"))


def test_another_version_is_another_work_and_without_one_another_month() -> None:
    """The day of a run that tells its version says no more."""
    row = serving("a", "llama-3.1-70b", "fp8")
    told = [
        same_work(Row({**row.words, "stack": stack, "date": date}, row.numbers))
        for stack, date in (
            ("vllm 0.9", "2026-01-02"), ("vllm 0.9", "2026-03-02"), ("vllm 0.10", "2026-01-02"),
            ("vllm", "2026-01-02"), ("vllm", "2026-01-30"), ("vllm", "2026-02-01"),
        )
    ]  # fmt: skip
    assert told[0] == told[1] != told[2]
    assert told[2] != told[3] == told[4] != told[5]
