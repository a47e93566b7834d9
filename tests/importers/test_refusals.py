"""What importers refuse: with the file, the line, what was not understood and what to do."""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given as with_any
from hypothesis import settings
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.importers.base import NotUnderstood, Stated
from bench.importers.registry import IMPORTERS, detect, importer
from bench.records.model import Record
from tests.importers.cases import RECORD, SOURCES, STATED, stated_of, text

BARE = Stated(file="log", chip="nvidia-h20-sxm-96gb", by="A. Tester")


def told(key: str, log: str, stated: Stated = STATED) -> str:
    """What an importer says no with."""
    with pytest.raises(NotUnderstood) as refused:
        importer(key).read(log, stated)
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)
    return str(refused.value)


def edited(name: str, old: str, new: str, count: int = -1) -> str:
    """A fixture with something else in it."""
    assert old in text(name)
    return text(name).replace(old, new, count)


def until(name: str, word: str) -> str:
    """A fixture cut off before a word."""
    return text(name)[: text(name).index(word)]


REFUSED: list[tuple[str, str, str, str]] = [
    # mamf-finder
    ("mamf-v2.txt", "Tried 27", "Tried some", "'Tried N shapes' with its outcomes is missing"),
    ("mamf-v2.txt", "mean:   139.7", "mean:   nan", "log: line 32: the outcome holds no rate"),
    ("mamf-v2.txt", "mean:   139.7", "mean:   -139.7", "log: line 32: the outcome holds no rate"),
    ("mamf-v2.txt", "mean:   139.7", "mean:   0.0", "is not a positive, finite quantity"),
    ("mamf-v2.txt", "139.7 TFLOPS @", "139.7 GFLOPS @", "log: line 32: the outcome holds no rate"),
    ("mamf-v2.txt", "torch.bfloat16", "torch.complex64", "format 'torch.complex64' is unknown"),
    # FlagPerf
    ("flagperf-benchmark.md", "255.5TFLOPS", "255.5", "line 17: '255.5' is no rate with a unit"),
    ("flagperf-benchmark.md", "255.5TFLOPS", "NaNTFLOPS", "'NaNTFLOPS' is no rate with a unit"),
    ("flagperf-benchmark.md", "255.5TFLOPS", "-1TFLOPS", "'-1TFLOPS' is no rate with a unit"),
    ("flagperf-benchmark.md", "255.5TFLOPS", "255.5PFLOPS", "write it with its unit, such as"),
    ("flagperf-benchmark.md", "80.1%", "80.83.2 %", "line 25: '80.83.2 %' is no share"),
    ("flagperf-benchmark.md", "480TOPS", "480GB/s", "is not what matmul_shape is measured in"),
    ("flagperf-training.md", "4011.5", "fast", "line 13: 'A800单机8卡(1x8)': 'fast' is no rate"),
    ("flagperf-training.md", "54.1%", "half", "line 13: 'half' is no share"),
    ("flagperf-training.md", "A800", "B1", "it is of 'b1, h800', not of nvidia-a800-sxm-80gb"),
    # nccl-tests
    ("nccl.txt", "values : 0 OK", "values : 3 FAILED", "log: line 19: '3' results were wrong"),
    ("nccl.txt", "38.18       0 ", "38.18       7 ", "log: line 16: '7' results were wrong"),
    ("nccl.txt", "309.50", "   nan", "log: line 18: 'nan' at size '268435456' is no rate"),
    ("nccl.txt", "309.50", "  -1.0", "log: line 18: '-1.0' at size"),
    ("nccl.txt", "   268435456", "   26843545x", "309.50' at size '26843545x' is no rate"),
    ("nccl.txt", "309.50       0", "309.50", "line 18: the line has 12 cells, the table's head 13"),
    ("nccl.txt", "all_reduce_perf", "hypercube_perf", "of hypercube_perf there is no quantity"),
    ("nccl.txt", "#  Rank", "#  Rang", "no devices are listed; give count="),
    ("nccl.txt", "[0000:1f:00] NVIDIA H20", "[0000:1f:00] NVIDIA H200", "it is of several devices"),
    (
        "nccl.txt", "206.33  309.50", "206.33  361.08",
        "line 18: busbw 361.08 is not 1.500 times algbw 206.33, as of 4 devices; check count=",
    ),
    ("nccl.txt", " float ", " posit ", "line 18: the number format 'posit' is unknown"),
    ("nccl.json", '"nwrong":0.000000', '"nwrong":2.000000', "'2.0' results were wrong"),
    ("nccl.json", '"count":0,"okay":"true"', '"count":1,"okay":"false"', "'1' results were wrong"),
    ("nccl.json", '"bus_bw":284.661000', '"bus_bw":"nan"', "'nan' at size '1073741824' is no rate"),
    ("nccl.json", '"bus_bw":284.661000', '"bus_bw":NaN', "is not JSON: 'NaN is no finite number'"),
    ("nccl.json", '"out_of_bounds":', '"bounds":', "'out_of_bounds' is missing"),
    ("nccl.json", "reduce_scatter_perf", "a.out", "no test is named; put the command"),
    ("nccl.json", '"results":', '"outcomes":', "has no 'results'"),
    # nvbandwidth
    ("nvbandwidth.txt", " 1    391.75       N/A\n", "", "read_ce: its matrix is cut off"),
    ("nvbandwidth.txt", "     54.10     54.85", "     54.10", "memcpy_ce: its matrix is cut off"),
    ("nvbandwidth.txt", "391.75", "   nan", "line 34: device_to_device_memcpy_read_ce: 'nan'"),
    ("nvbandwidth.txt", "391.75", "-91.75", "'-91.75' is no rate"),
    ("nvbandwidth.txt", "bandwidth (GB/s)", "bandwidth (Gb/s)", "names no unit that is known"),
    ("nvbandwidth.txt", "54.10     54.85", " 0.00      0.00", "there is no rate above 0 in it"),
    ("nvbandwidth.json", '"testcases"', '"tests"', "'testcases' is missing"),
    ("nvbandwidth.json", '"git_version"', '"error" : "no GPU", "v"', "the run failed: 'no GPU'"),
    ("nvbandwidth.json", '"54.6"', '"x"', "host_to_device_memcpy_ce: 'x' is no rate"),
    ("nvbandwidth.json", '"54.2", "54.6"', "", "host_to_device_memcpy_ce: its matrix is cut off"),
    # BabelStream
    ("babelstream.csv", "4100210.5", "nan", "log: line 3: Copy: 'nan' is no rate above 0"),
    ("babelstream.csv", "4100210.5", "-4100210.5", "Copy: '-4100210.5' is no rate above 0"),
    ("babelstream.csv", "4100210.5", "0", "Copy: '0' is no rate above 0"),
    ("babelstream.csv", ",0.00014,0.000131", "", "line 3: Copy has 6 cells, the table's head 8"),
    ("babelstream.csv", "max_mbytes_per_sec", "max_furlongs", "has no unit that is known"),
    ("babelstream.csv", "33554432,8,", "33554432,16,", "numbers of '16' bytes"),
    ("babelstream.txt", "Dot  ", "Dash ", "the table is cut off: dot is missing"),
    ("babelstream.txt", "Driver: 6", "FAILED validation of a[0]: 6", "results failed verification"),
    # pytest-benchmark
    ("pytest-benchmark.json", '"benchmarks": [', '"marks": [', "has no 'benchmarks'"),
    ("pytest-benchmark.json", '"quantity"', '"work"', "does not state its quantity; add quantity="),
    ("pytest-benchmark.json", '"matmul_shape"', '"matmul"', "quantity 'matmul' is none; did you"),
    ("pytest-benchmark.json", '"flop"', '"flops"', "matmul_shape needs the flop of one call"),
    ("pytest-benchmark.json", "137438953472", "-5", "flop='-5' is no work of a call"),
    ("pytest-benchmark.json", '"median": 0.001', '"median": NaN', "'NaN is no finite number'"),
    ("pytest-benchmark.json", '"median": 0.001', '"median": -1', "median '-1' is no time above 0"),
    ("pytest-benchmark.json", '"median": 0.001', '"median": 1e999', "'1e999 is no finite number'"),
    ("pytest-benchmark.json", '"median": 0.001', '"median": true', "'True' is no time above 0"),
    ("pytest-benchmark.json", '"bf16"', '"posit8"', "the number format 'posit8' is unknown"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "old", "new", "said"), REFUSED, ids=[f"{one[0]}-{one[2][:20]}" for one in REFUSED]
)
def test_what_is_wrong_is_refused_with_the_place(name: str, old: str, new: str, said: str) -> None:
    assert said in told(SOURCES[name], edited(name, old, new))


CUT = [
    ("mamf-v2.txt", "Tried", "'Tried N shapes' with its outcomes is missing"),
    ("mamf-v2.txt", "** Dtype", "the search has no end"),
    ("flagperf-benchmark.md", "| 评测结果", "has no line of results"),
    ("nccl.txt", "# Out of", "'Out of bounds values' is missing"),
    ("nccl.txt", "    16777216", "'Out of bounds values' is missing"),
    ("nccl.json", '"out_of_bounds"', "is no whole JSON"),
    ("nvbandwidth.txt", " 1    391.75", "its matrix is cut off"),
    ("nvbandwidth.json", '"name"', "is no whole JSON"),
    ("babelstream.txt", "Triad", "the table is cut off: triad, dot is missing"),
    ("babelstream.csv", "Copy", "it holds no measurement"),
    ("pytest-benchmark.json", '"datetime"', "is no whole JSON"),
]


@pytest.mark.parametrize(("name", "word", "said"), CUT, ids=[f"{one[0]}-{one[1]}" for one in CUT])
def test_an_output_that_was_cut_off_is_refused(name: str, word: str, said: str) -> None:
    assert said in told(SOURCES[name], until(name, word))


@pytest.mark.parametrize("name", IMPORTERS)
@pytest.mark.parametrize("other", ["", "hello\nworld\n", "{}", "[]", "{", "null", '{"a": [1, {}]}'])
def test_what_is_no_output_of_the_tool_is_refused(name: str, other: str) -> None:
    assert told(name, other).startswith("log: ")


@pytest.mark.parametrize("key", sorted(set(SOURCES.values())))
@pytest.mark.parametrize("name", SOURCES)
def test_another_tools_output_is_refused(key: str, name: str) -> None:
    if SOURCES[name] != key:
        assert told(key, text(name)).startswith("log: ")


# what only the giver knows


@pytest.mark.parametrize(
    "name", ["babelstream.csv", "flagperf-toolkit.md", "nvbandwidth.txt", "nccl.txt"]
)
def test_a_date_that_nobody_tells_is_asked_for(name: str) -> None:
    assert "does not say when it was measured; give date=" in told(SOURCES[name], text(name), BARE)


def test_a_number_format_that_nobody_tells_is_asked_for() -> None:
    log = edited("mamf-v2.txt", "** Dtype: torch.bfloat16\n", "")
    assert "give dtype=, such as bf16" in told("mamf-finder", log)


def test_a_number_format_that_contradicts_the_output_is_refused() -> None:
    stated = Stated(file="log", chip="nvidia-h20-sxm-96gb", by="me", dtype="fp8", date="2026")
    assert told("mamf-finder", text("mamf-v2.txt"), stated) == (
        "log: it is of bf16, not of fp8; leave dtype=fp8"
    )


def test_a_date_of_another_form_is_refused() -> None:
    stated = Stated(file="log", chip="nvidia-h20-sxm-96gb", by="me", date="last week")
    assert "date: 'last week' is not of its form" in told(
        "mamf-finder", text("mamf-v2.txt"), stated
    )


# records


def edited_record(change: Callable[[dict[str, object]], object]) -> str:
    """A committed record with something else in it."""
    data = json.loads(RECORD.read_text(encoding="utf-8"))
    change(data)
    return json.dumps(data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data.update(schema_version=99), "has schema 99, this program reads 1 to 3"),
        (lambda data: data.pop("measurements") and data.pop("suite"), "suite: Field required"),
        (lambda data: data["device"].update(backend="fake"), "is the record of a fake device"),
        (lambda data: data["identity"].update(chip=None), "does not say which chip it is of"),
        (lambda data: data.update(measurements=[]), "it holds no measurement"),
    ],
    ids=["schema", "fields", "fake", "chip", "empty"],
)
def test_a_record_that_says_nothing_of_a_chip_is_refused(
    change: Callable[[dict[str, object]], object], said: str
) -> None:
    assert said in told("record", edited_record(change), Stated(file="log", by="us"))


def test_the_record_of_a_fake_device_is_refused(record: Record) -> None:
    assert "fake device" in told("record", record.model_dump_json())


@pytest.mark.parametrize("log", ["hello", text("nvbandwidth.txt") + text("nccl.txt")])
def test_what_no_tool_or_several_tools_may_have_printed_asks_for_the_source(log: str) -> None:
    with pytest.raises(UsageError, match=r"give source=, one of "):
        detect(log, "log")


@pytest.mark.parametrize("name", SOURCES)
def test_lines_that_end_as_on_windows_are_read_alike(name: str) -> None:
    found = importer(SOURCES[name]).read(text(name).replace("\n", "\r\n"), stated_of(name))
    assert found.rows == importer(SOURCES[name]).read(text(name), stated_of(name)).rows


# whatever it is, the answer is rows or a refusal


@pytest.mark.parametrize("name", IMPORTERS)
@pytest.mark.parametrize(
    "log",
    ["[" * 100_000, "9" * 2_000_000, "| " * 1_000_000, '{"a":' * 50_000, "# size busbw " * 9_999],
)
def test_huge_lines_end_in_a_refusal(name: str, log: str) -> None:
    assert len(told(name, log)) < 1_000


WORDS = sorted({word for name in SOURCES for word in text(name).split()})
MIXED = st.lists(
    st.one_of(st.sampled_from(WORDS), st.sampled_from(["\n", " ", "|", "\t", ","]))
).map(" ".join)


@pytest.mark.parametrize("name", IMPORTERS)
@with_any(log=st.one_of(st.text(), MIXED))
@settings(max_examples=60, deadline=None)
def test_no_text_raises_anything_but_a_refusal(name: str, log: str) -> None:
    found = importer(name)
    found.recognises(log)
    with suppress(NotUnderstood):
        assert found.read(log, STATED).rows


@pytest.mark.parametrize("name", SOURCES)
@with_any(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_change_of_an_output_raises_anything_but_a_refusal(
    name: str, data: st.DataObject
) -> None:
    log = text(name)
    start = data.draw(st.integers(0, len(log)))
    end = data.draw(st.integers(start, min(len(log), start + 40)))
    put = data.draw(st.one_of(st.text(max_size=8), st.sampled_from(WORDS), st.just("1e999")))
    changed = log[:start] + put + log[end:]
    with suppress(NotUnderstood):
        assert importer(SOURCES[name]).read(changed, stated_of(name)).rows
