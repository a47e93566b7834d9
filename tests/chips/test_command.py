"""``chips`` and ``compare`` as they are typed: lists, counts, formats, mistakes."""

import csv
import io
import json
import re

import pytest

from bench.__main__ import main
from bench.chips.figures import FACTS, FIGURES
from bench.commands import chips as command
from bench.commands.compare import ASK
from bench.config import compose
from bench.report.chips.listing import COLUMNS
from bench.report.formats import FORMATS
from bench.shapes import ChipsConfig, CompareConfig
from bench.theory.entry import KEYS, WORDS
from bench.theory.filters import condition


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    code = main(words)
    told = capsys.readouterr()
    return code, told.out, told.err


# lists as they are typed


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("[昇腾910B,h20]", ["昇腾910B", "h20"]),
        ("昇腾910B,h20", ["昇腾910B", "h20"]),
        ("h20", ["h20"]),
        ("[ a b , c ]", ["a b", "c"]),
        ("['a,b',c]", ["a,b", "c"]),
        ('"x y",z', ["x y", "z"]),
        ("['it\\'s',b]", ["it's", "b"]),
        ("it's,b", ["it's", "b"]),
        ("[910b*,a?]", ["910b*", "a?"]),
        ("[910,1e3,true,null]", ["910", "1e3", "true", "null"]),
        ("a:b,{c},$d,~e,\\", ["a:b", "{c}", "$d", "~e", "\\"]),
        ("[]", []),
        ("", []),
        ("null", []),
        (",h20,", ["h20"]),
    ],
)
def test_a_list_arrives_as_it_was_typed(typed: str, found: list[str]) -> None:
    assert compose("compare", [f"chips={typed}"], CompareConfig).chips == found


def test_a_comparison_in_a_list_keeps_its_signs() -> None:
    typed = "where=[memory_bandwidth>=4 TB/s,tpp<2400,form=*(x)]"
    wanted = ["memory_bandwidth>=4 TB/s", "tpp<2400", "form=*(x)"]
    assert compose("chips", [typed], ChipsConfig).where == wanted


def test_help_names_every_key() -> None:
    told = set(command.HELP.replace(";", " ").replace(":", " ").split())
    names = {key for key in FIGURES if not key.startswith(("matrix_", "vector_", "sparse_", "cyc"))}
    assert {*names, *FACTS, *WORDS} - told == set()
    dtypes = {key.partition("_")[2] for key in FIGURES if key.startswith(("matrix_", "vector_"))}
    assert dtypes - {"units"} - told == set()
    assert {"tpp", "performance_density", "capacity_per_rate"} <= told
    assert set(COLUMNS) <= set(KEYS)


# the commands


def test_prices_in_yuan_count_where_chips_are_sorted_by_dollars(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["chips", "sort=matrix_bf16_per_usd", "columns=price_usd", "find=rtx5090d-32"]
    assert main([*words, "cny=7", "report=csv"]) == 0
    assert "nvidia-rtx5090d-32gb" in capsys.readouterr().out
    assert main(["chips", "where=price_usd>0", "limit=2"]) == 0
    assert "more are cut off by limit=2." in capsys.readouterr().out


def test_a_cut_list_tells_how_many_have_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chips", "sort=matrix_bf16_per_usd", "limit=5"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"more are cut off by limit=5; \d+ of them have no bf16 matrix rate per", told)


def test_members_are_a_column_and_dates_of_launch_are_in_csv(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["chips", "kind=system", "columns=members", "report=csv"]) == 0
    told = capsys.readouterr().out
    assert "8 x amd-mi300x-oam-192gb" in told
    assert told.splitlines()[0].endswith(",launch_date")


def test_chips_filters_sorts_cuts_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips", "where=[memory_bandwidth>=4TB/s,tpp<2400]", "sort=-memory_bandwidth"]
    code, out, err = said([*words, "columns=[memory_bandwidth,tpp]", "report=json"], capsys)
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert {row["chip"] for row in told["rows"]} >= {"nvidia-h20-sxm-96gb", "nvidia-h20-sxm-141gb"}
    bandwidths = [row["memory_bandwidth_B_per_s"] for row in told["rows"]]
    assert bandwidths == sorted(bandwidths)
    assert min(bandwidths) >= 4e12
    assert max(row["tpp"] for row in told["rows"]) < 2400
    assert "left out for want of a figure: memory bandwidth or TPP." in told["summary"][0]


@pytest.mark.parametrize("key", ["memory_bandwidth>=3TB/s", "tpp>=4800"])
def test_only_what_some_sheet_lacks_is_named(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every sheet has a tier, which the line named, too."""
    _, out, _ = said(["chips", f"where=[tier=domestic,{key}]", "report=json"], capsys)
    title = condition(key).key.title
    assert json.loads(out)["summary"][0].endswith(f" left out for want of a figure: {title}.")


LARGE = "where=memory_bandwidth>=10TB/s"


@pytest.mark.parametrize(
    ("words", "systems"),
    [
        ([LARGE], False),
        (["tier=domestic", "sort=memory_bandwidth"], False),
        ([LARGE, "kind=system"], True),
        ([LARGE, "find=atlas"], True),
        (["where=[memory_bandwidth>=10TB/s,kind=*]"], True),
        (["where=[memory_bandwidth>=10TB/s,name=*SuperPoD]"], True),
        (["tier=domestic", "sort=name"], True),
        (["tier=domestic"], True),
    ],
)
def test_systems_stand_among_chips_only_where_no_figure_ranks_them_or_they_are_asked_for(
    words: list[str], systems: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """A SuperPoD's 148 PB/s led a list of chips."""
    _, out, _ = said(["chips", *words, "report=json"], capsys)
    found = json.loads(out)
    assert ("system" in {row["kind"] for row in found["rows"]}) == systems
    told = [line for line in found["summary"] if "left out: kind=system lists such." in line]
    assert len(told) == (not systems)


def test_csv_says_on_stderr_what_a_list_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips", "tier=domestic", "limit=1", LARGE]
    summary = json.loads(said([*words, "report=json"], capsys)[1])["summary"]
    code, out, err = said([*words, "report=csv"], capsys)
    assert (code, len(out.splitlines())) == (0, 2)
    assert err.splitlines() == summary
    assert len(summary) == 3


def test_what_chips_are_chosen_and_sorted_by_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips", "where=[tpp<2400,tdp>=400W]", "sort=-price_usd", "report=github"]
    _, out, _ = said(words, capsys)
    heads = next(line for line in out.splitlines() if line.startswith("| chip"))
    assert [one.strip() for one in heads.split("|")[-4:-1]] == [
        "board power", "TPP, TOPS x bit", "price in US dollars",
    ]  # fmt: skip


def test_a_limit_says_how_many_it_cuts_off(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(["chips", "tier=export", "limit=2", "sort=tdp", "report=plain"], capsys)
    assert (code, out.splitlines()[0]) == (0, "2 spec sheets")
    assert "more are cut off by limit=2" in out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("chips columns=[nmae]", "no column 'nmae': did you mean 'name'?"),
        ("chips sort=tpps", "no key to sort by 'tpps': did you mean 'tpp' or 'tdp'?"),
        ("chips limit=0", "limit=0 must be 1 or more"),
        ("chips status=soled", "no status 'soled': did you mean 'sold'?"),
        ("chips collums=[a]", "chips has no key 'collums': did you mean 'columns'?"),
        ("compare", ASK),
        ("compare chips=h20", "nvidia-h20-sxm-96gb alone: name a second chip or another baseline="),
        ("compare chips=h20,910b per=wat", "no per 'wat': did you mean 'watt'?"),
        ("compare chips=h20,h100 figures=power", "no figure 'power': did you mean 'tdp'?"),
        (
            "compare vendor=nvidai",
            "no vendor 'nvidai': did you mean 'nvidia' or 'vastai' or 'openai'?",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_exit_code_2(
    words: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(words.split(), capsys) == (2, "", f"onpaper: {line}\n")


def test_compare_speaks_chinese_and_takes_the_first_as_baseline(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = said(["compare", "chips=[昇腾910B,h20]", "report=csv"], capsys)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    bins = {f"huawei-ascend-910b{number}" for number in (1, 2, 3, 4)}
    assert {row["baseline"] for row in rows} == {"huawei-ascend-910b1"}
    assert {row["chip"] for row in rows} == {*bins, "nvidia-h20-sxm-96gb"}


def test_compare_a_vendor_with_a_chip_of_another(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compare", "vendor=huawei", "baseline=h20", "figures=[tpp]", "report=json"]
    code, out, _ = said(words, capsys)
    ids = [row["chip"] for row in json.loads(out)["rows"]]
    assert (code, ids[0]) == (0, "nvidia-h20-sxm-96gb")
    assert all(name.startswith("huawei-") for name in ids[1:])
    assert "huawei-ascend-910b2" in ids


@pytest.mark.parametrize("word", ["rtx pro", "rtx-pro", "RTX_PRO", "rtxpro"])
def test_what_is_searched_for_joins_its_parts_as_a_name_does(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Searched for, "rtx pro" found two sheets, "rtxpro" three and "RTX_PRO" none."""
    code, out, _ = said(["chips", f"find={word}", "report=csv"], capsys)
    _, *lines = out.splitlines()
    assert (code, [line.partition(",")[0] for line in lines]) == (
        0,
        [
            "nvidia-rtx6000d-84gb",
            "nvidia-rtxpro5500-84gb",
            "nvidia-rtxpro6000-server-96gb",
            "nvidia-rtxpro6000-workstation-96gb",
        ],
    )


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("name", ["chips", "compare"])
def test_every_format_is_printed(name: str, style: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = {"chips": ["find=h20"], "compare": ["chips=export-tier", "baseline=h100"]}[name]
    code, out, err = said([name, *words, "sources=true", f"report={style}"], capsys)
    assert (code, err) == (0, "")
    assert "nvidia-h20-sxm-96gb" in out
