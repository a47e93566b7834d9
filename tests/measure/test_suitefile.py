"""A suite of one's own, through the command: what is measured, told, resumed and refused."""

from pathlib import Path

import pytest

from bench.__main__ import main
from bench.commands.run import main as run
from bench.config import compose
from bench.errors import UsageError
from bench.measure.item import Item
from bench.measure.resume import config_of
from bench.measure.suite import items
from bench.records.store import read
from bench.shapes import RunConfig

OURS = """\
# What we serve.
name: ours
seconds: 1
items:
  - {kernel: gemm, dtypes: [bf16], sizes: {m: [1, 64, 1024], n: 4096, k: [1024, 2048]}}
  - kernel: memory
    variants: [copy]
    data: [zeros]
    weight: 2
"""
SHAPES = [(m, 4096, k) for m in (1, 64, 1024) for k in (1024, 2048)]


def _file(folder: Path, text: str = OURS) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_a_suite_file_is_measured_and_told_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"suite={_file(tmp_path)}", "device=fake", f"out={tmp_path / 'out'}", "quiet=true"]
    assert main(["run", *words]) == 0
    assert "suite ours" in capsys.readouterr().out
    (path,) = (tmp_path / "out").rglob("*.json")
    record = read(path)
    assert (record.suite, record.settings["seconds"]) == ("ours", 1.0)
    *products, stream = record.measurements
    assert [tuple(one.parameters[side] for side in "mnk") for one in products] == SHAPES
    assert (stream.kernel, stream.data) == ("memory", "zeros")
    again = config_of(record, compose("run", [], RunConfig))
    assert items(again) == items(compose("run", words, RunConfig))


def test_keys_beside_a_suite_file_count_as_beside_a_shipped_one(tmp_path: Path) -> None:
    config = compose("run", [f"suite={_file(tmp_path)}", "kernel=memory"], RunConfig)
    assert [one.item for one in items(config)] == [Item("memory", "fp32", "zeros", "copy")]


def test_a_sweep_takes_a_suite_file(tmp_path: Path) -> None:
    words = ["run", "-m", f"suite={_file(tmp_path)}", "device=fake", "data=normal,zeros"]
    assert main([*words, f"out={tmp_path / 'out'}", "quiet=true"]) == 0
    records = [read(path) for path in sorted((tmp_path / "out").rglob("*.json"))]
    assert [(one.suite, len(one.measurements)) for one in records] == [("ours", 7)] * 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a", "write name:, seconds: and items:, as the shipped suites"),
        ("name: a", "lacks items:, a list such as [{kernel: gemm}]"),
        ("itmes: []", "has no key 'itmes': did you mean 'items'?"),
        ("items: [", "line 2: "),
        ("items: [{kernel: 'a, b'}]", "mine.yaml: items[0].kernel: 'a, b' is neither a name nor"),
        ("items: [{kernel: norm}, {kernel: gem}]",
         "suite.items[1]: no kernel 'gem': did you mean 'gemm'?"),
        ("items: [{kernel: norm}, {kernel: gemm, dtype: [bf16]}]",
         "mine.yaml: items[1] has no key 'dtype': did you mean 'dtypes'?"),
        ("items: [{kernl: gemm}]", "items[0] has no key 'kernl': did you mean 'kernel'?"),
        ("items: {kernel: gemm}", "mine.yaml: items: write a list such as [{kernel: gemm"),
        ("items: [gemm]", "mine.yaml: items[0]: write a mapping such as {kernel: gemm, dtypes: "),
        ("items: [{kernel: gemm, sizes: {m: 0, n: 1, k: 1}}]",
         "items[0].sizes.m: write a whole number, or a list of them; sizes are at least 1"),
        ("items: [{kernel: gemm, sizes: {m: [8, -1]}}]", "items[0].sizes.m: write a whole number"),
        ("items: [{kernel: gemm, weight: x}]", "items[0].weight: write a number above 0"),
        ("seconds: 0\nitems: [{kernel: gemm}]", "mine.yaml: seconds: write a number above 0"),
        ("items: [{kernel: gemm, dtypes: bf16}]", "dtypes: write a list such as [bf16, fp16]"),
        ("seconds: soon\nitems: [{kernel: gemm}]", "mine.yaml: seconds: write a number above 0"),
        ("items: [{kernel: gemm, sizes: {m: x, n: 1, k: 1}}]",
         "mine.yaml: items[0].sizes.m: write a whole number, or a list of them"),
        ("items: [{kernel: norm}, {kernel: gemm, sizes: {m: [], n: 1, k: 1}}]",
         "mine.yaml: items[1].sizes.m: write a whole number, or a list of them"),
        ("items: [{kernel: gemm, sizes: [{m: 1, n: 1, k: 1}]}]",
         "mine.yaml: items[0].sizes: write a mapping such as {m: [1, 64], n: 4096, k: 4096}"),
        ("items: [{kernel: gemm, sizes: {m: 1, n: 1, k: 1, rows: 2}}]", "no size 'rows'"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_suite_file_is_told_in_one_line(
    text: str, told: str, tmp_path: Path
) -> None:
    path = _file(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        items(compose("run", [f"suite={path}"], RunConfig))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("several", [[], ["-m", "data=normal,zeros"]])
def test_a_name_that_no_kernel_has_is_told_with_the_suite_s_file(
    several: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message named a key that nobody had typed, and no file."""
    path = _file(tmp_path, "items: [{kernel: norm}, {kernel: gemm, dtypes: [bf61]}]")
    assert main(["run", *several, f"suite={path}", "device=fake", "chip=h20"]) == 2
    assert f"onpaper: suite={path}: items[1]: no dtype 'bf61': " in capsys.readouterr().err


def test_a_name_that_no_kernel_has_is_told_with_the_key_where_that_was_typed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "suite.items=[{kernel: gem}]", "device=fake", "chip=h20"]) == 2
    assert "onpaper: suite.items[0]: no kernel 'gem': " in capsys.readouterr().err


def test_an_unknown_key_of_an_item_that_is_typed_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        compose("run", ["suite.items=[{kernel: gemm, dtype: [bf16]}]"], RunConfig)
    told = "an item of suite.items has no key 'dtype': did you mean 'dtypes'?"
    assert str(caught.value) == told


def test_a_suite_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"suite=.*no\.yml: there is no such file"):
        compose("run", [f"suite={tmp_path / 'no.yml'}"], RunConfig)


def test_lists_of_sizes_are_taken_on_the_command_line_too() -> None:
    entry = "{kernel: gemm, dtypes: [fp16], sizes: {m: [1, 2], n: 4, k: 8}}"
    found = items(compose("run", [f"suite.items=[{entry}]"], RunConfig))
    assert [one.item.fixed for one in found] == [{"m": m, "n": 4, "k": 8} for m in (1, 2)]


@pytest.mark.parametrize(
    ("word", "fix"),
    [
        (
            "dtype=bf16,fp16",
            "dtype=bf16,fp16 makes a record of each, dtype=[bf16,fp16] one record of all",
        ),
        ("m=1,2", "m=1,2 makes a record of each"),
        ("m=[1, 2]", "m=1,2 makes a record of each"),
        ("suite=smoke,quick", "suite=smoke,quick makes a record of each"),
        ("suite=[smoke,quick]", "suite=smoke,quick makes a record of each"),
        ("data=normal,zeros", "data=normal,zeros makes a record of each"),
        ("seconds=1,2", "seconds=1,2 makes a record of each"),
    ],
)
def test_several_values_without_m_are_answered_with_the_sweep(word: str, fix: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(["device=fake", word])
    assert str(caught.value) == f"{word} has several values: run -m {fix}"


@pytest.mark.parametrize(
    ("text", "dtypes"),
    [
        ("m,n,k\n4096,6144,4096\n\n1,64,128\n", None),
        ("\ufeffK, M,n,Dtype\n1,2,3,bf16\n1,2,3,fp8\n", 2),
    ],
)
def test_a_table_of_shapes_is_a_suite_of_products(
    text: str, dtypes: int | None, tmp_path: Path
) -> None:
    path = tmp_path / "shapes.csv"
    path.write_text(text, encoding="utf-8")
    config = compose("run", [f"suite={path}"], RunConfig)
    found = [one.item for one in items(config)]
    assert config.suite.name == "shapes"
    assert {one.kernel for one in found} == {"gemm"}
    sizes = list(dict.fromkeys(tuple(one.fixed[side] for side in "mnk") for one in found))
    assert sizes == ([(2, 3, 1)] if dtypes else [(4096, 6144, 4096), (1, 64, 128)])
    assert not dtypes or [one.dtype for one in found] == ["bf16", "fp8"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "write the columns m,n,k or m,n,k,dtype"),
        ("m,n,k\n", "and rows of them"),
        ("m,n\n1,2\n", "write the columns"),
        ("m,n,k,batch\n1,2,3,4\n", "write the columns"),
        ("m,n,k\n1,2,x\n", "line 2: '1,2,x' is not m,n,k"),
        ("m,n,k\n1,2,3\n1,2\n", "line 3: '1,2' is not m,n,k"),
        ("m,n,k\n0,2,3\n", "sizes are whole numbers, at least 1"),
        ("m,n,k,dtype\n1,2,3,bf61\n", "shapes.csv: items"),
        ("m,n,k,dtype\n1,2,3,'a b'\n", "is neither a name nor a number"),
    ],
)
def test_what_is_wrong_in_a_table_of_shapes_is_told(
    text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "shapes.csv"
    path.write_text(text, encoding="utf-8")
    assert main(["run", f"suite={path}", "device=fake", f"out={tmp_path}"]) == 2
    assert told in capsys.readouterr().err


def test_a_table_that_cannot_be_read_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "shapes.csv"
    assert main(["run", f"suite={path}"]) == 2
    path.write_bytes(b"m,n,k\n\xff\n")
    assert main(["run", f"suite={path}"]) == 2
    told = capsys.readouterr().err
    assert "there is no such file" in told
    assert "can't decode byte" in told
