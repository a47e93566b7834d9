"""Suites: every shipped one resolves, and what the command line leaves of it."""

import pytest

from bench.config import choices, compose
from bench.errors import UsageError
from bench.kernels.gemm import DTYPES
from bench.kernels.memory import STREAMS
from bench.kernels.registry import kernel
from bench.measure.item import Item
from bench.measure.suite import items
from bench.shapes import RunConfig


def chosen(*words: str) -> list[Item]:
    """The items that a command line leaves."""
    return [weighted.item for weighted in items(compose("run", list(words), RunConfig))]


@pytest.mark.parametrize("suite", choices("suite"))
def test_every_shipped_suite_resolves(suite: str) -> None:
    config = compose("run", [f"suite={suite}"], RunConfig)
    assert (config.suite.name, config.suite.seconds > 0) == (suite, True)
    found = items(config)
    assert len({str(weighted.item) for weighted in found}) == len(found) > 0
    for weighted in found:
        item = weighted.item
        pilot = kernel(item.kernel).pilot(item.dtype, item.data)
        assert weighted.weight > 0
        assert set(item.fixed) <= set(pilot.parameters)


def test_the_quick_suite_is_every_stream_and_every_dtype_but_those_scaled_by_block() -> None:
    dtypes = [dtype for dtype in DTYPES if dtype not in ("mxfp8", "nvfp4")]
    assert {item.label for item in chosen("suite=quick")} == {
        *(f"memory {stream}" for stream in STREAMS), *(f"gemm {dtype}" for dtype in dtypes),
    }  # fmt: skip


def test_a_dtype_leaves_of_a_suite_the_kernels_that_have_several() -> None:
    found = chosen("suite=full", "dtype=fp16")
    assert {item.dtype for item in found} == {"fp16"}
    assert all(item.forced for item in found)
    assert {item.kernel for item in found} == {"gemm", "sparse", "vector"}
    layers = chosen("suite=llm", "dtype=bf16", "variant=decode")
    assert [item.label for item in layers] == ["attention bf16 decode", "experts bf16 decode"]


def test_the_smoke_suite_in_full() -> None:
    assert chosen("suite=smoke") == [
        Item("memory", "fp32", variant="copy"),
        Item("memory", "fp32", variant="triad"),
        Item("gemm", "fp32"),
        Item("gemm", "bf16"),
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ("suite=smoke", "kernel=memory"),
            [Item("memory", "fp32", variant=stream) for stream in ("copy", "triad")],
        ),
        (
            ("suite=smoke", "kernel=memory", "dtype=fp32"),
            [Item("memory", "fp32", variant=one, forced=True) for one in ("copy", "triad")],
        ),
        (("suite=smoke", "kernel=gemm"), [Item("gemm", "fp32"), Item("gemm", "bf16")]),
        (("suite=smoke", "dtype=bf16"), [Item("gemm", "bf16", forced=True)]),
        (("suite=smoke", "dtype=int8"), [Item("gemm", "int8", forced=True)]),
        (
            ("suite=smoke", "kernel=gemm", "data=zeros"),
            [Item("gemm", "fp32", "zeros"), Item("gemm", "bf16", "zeros")],
        ),
        (
            ("dtype=fp8", "m=1", "n=2", "k=3"),
            [Item("gemm", "fp8", fixed={"m": 1, "n": 2, "k": 3}, forced=True)],
        ),
        (
            ("suite.items=[]", "kernel=memory"),
            [Item("memory", "fp32", variant=stream) for stream in STREAMS],
        ),
        (("variant=copy", "kernel=memory"), [Item("memory", "fp32", variant="copy")]),
        (
            ("m=1", "n=2", "k=3"),
            [Item("gemm", dtype, fixed={"m": 1, "n": 2, "k": 3}) for dtype in DTYPES],
        ),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_words_leave_a_part_of_the_suite(words: tuple[str, ...], expected: list[Item]) -> None:
    assert chosen(*words) == expected


SIZED = (
    "suite.items=[{kernel: gemm, dtypes: [bf16], sizes: {m: [1, 64], n: 8, k: 8}},"
    "{kernel: layer, dtypes: [bf16], variants: [llama-3.1-8b-decode],"
    "sizes: {batch: 2, length: 64}}]"
)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("kernel=gemm", "dtype=bf16"), [("gemm", "bf16", 1), ("gemm", "bf16", 64)]),
        (("kernel=gemm",), [("gemm", "bf16", 1), ("gemm", "bf16", 64)]),
        (("kernel=layer",), [("layer", "bf16", None)]),
        (("dtype=fp8",), [("gemm", "fp8", 1), ("gemm", "fp8", 64)]),
        (("dtype=fp16",), [("gemm", "fp16", 1), ("gemm", "fp16", 64), ("layer", "fp16", None)]),
        (
            ("kernel=gemm", "dtype=[bf16,fp8]"),
            [("gemm", dtype, m) for dtype in ("bf16", "fp8") for m in (1, 64)],
        ),
        (("kernel=gemm", "variant=acc16"), [("gemm", "fp16", 1), ("gemm", "fp16", 64)]),
        (("kernel=gemm", "dtype=bf16", "m=3", "n=3", "k=3"), [("gemm", "bf16", 3)]),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_sizes_that_a_suite_fixes_stay(
    words: tuple[str, ...], expected: list[tuple[str, str, int | None]]
) -> None:
    found = chosen(SIZED, *words)
    assert [(one.kernel, one.dtype, one.fixed.get("m")) for one in found] == expected
    assert all(one.fixed for one in found)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("kernel=gem",), "no kernel 'gem': did you mean 'gemm'?"),
        (("dtype=bf61",), "no dtype 'bf61': did you mean 'bf16'"),
        (("data=normel",), "no data 'normel': did you mean 'normal'"),
        (("m=1", "n=2"), "a fixed shape needs m, n and k: k missing"),
        (("k=1",), "a fixed shape needs m, n and k: m, n missing"),
        (("m=0", "n=2", "k=3"), "must be"),
        (("m=1000001", "n=2", "k=3"), "m=1000001 must be 1 or more, and at most 1,000,000"),
        (
            ("kernel=memory", "dtype=bf16"),
            "kernel=memory has no dtype 'bf16': choose from: fp32",
        ),
        (("kernel=memory", "m=1", "n=2", "k=3"), "kernel=memory takes no m=: it takes elements"),
        (
            ("batch=4",),
            "batch=: say kernel= too, of those that take it: attention, experts, layer",
        ),
        (
            ("batch=4", "elements=9"),
            "batch= and elements=: say kernel= too, of those",
        ),
        (("batch=4", "m=1"), "kernel=gemm takes no batch=: it takes m, n, k"),
        (("suite.items=[]",), "suite quick has nothing to measure: see suite.items"),
        (("variant=rows",), "suite quick has nothing of variant=rows to measure: see suite.items"),
        (("kernel=memory", "variant=kopy"), "no variant 'kopy': did you mean 'copy'?"),
        (
            ("suite.items=[{kernel: memory, variants: [copy], weight: 0}]",),
            "weight=0 must be above",
        ),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_words_that_mean_nothing_are_refused(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(*words)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{kernel: gem}", "no kernel 'gem'"),
        ("{kernel: memory, variants: [kopy]}", "no variant 'kopy': did you mean 'copy'?"),
        ("{kernel: memory, data: [ones]}", "no data 'ones'"),
        ("{kernel: memory, sizes: {m: 1}}", "no size 'm'"),
        ("{kernel: latency, sizes: {elements: 1}}", "kernel latency takes no sizes: leave"),
        ("{kernel: gemm, sizes: {m: 64}}", "a fixed shape needs m, n and k: n, k missing"),
        ("{kernel: gemm, dtypes: [fp23]}", "no dtype 'fp23'"),
    ],
)
def test_a_suite_with_a_wrong_word_is_refused(entry: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        chosen(f"suite.items=[{entry}]")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ("suite=quick", "dtype=[bf16,fp16]"),
            [Item("gemm", "bf16", forced=True), Item("gemm", "fp16", forced=True)],
        ),
        (
            ("suite=smoke", "kernel=[gemm, memory]"),
            [
                Item("gemm", "fp32"), Item("gemm", "bf16"),
                Item("memory", "fp32", variant="copy"), Item("memory", "fp32", variant="triad"),
            ],
        ),
        (
            ("kernel=memory", "variant=[triad,copy,triad]"),
            [Item("memory", "fp32", variant=stream) for stream in ("triad", "copy")],
        ),
        (
            ("kernel=[gemm,sparse]", "dtype=['fp16']", "m=1", "n=2", "k=3"),
            [
                Item(name, "fp16", fixed={"m": 1, "n": 2, "k": 3}, forced=True)
                for name in ("gemm", "sparse")
            ],
        ),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)  # fmt: skip
def test_a_list_leaves_what_each_of_its_words_leaves(
    words: tuple[str, ...], expected: list[Item]
) -> None:
    assert chosen(*words) == expected


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("kernel=[gemm,memry]", "no kernel 'memry': did you mean 'memory'?"),
        ("dtype=[bf16,fp61]", "kernel=gemm has no dtype 'fp61': did you mean "),
        ("dtype=[]", "dtype=[] names nothing: name one, or leave it out"),
    ],
)
def test_a_wrong_word_of_a_list_is_told_alone(word: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(word)
    assert str(caught.value).startswith(said)
