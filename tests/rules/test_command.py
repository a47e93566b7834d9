"""``rules`` as it is typed: five views, every format, and wrong words that stop before any work."""

import pytest

from bench.chips import load
from bench.commands.rules import VIEWS
from bench.report.formats import FORMATS
from tests.rules.command_cases import DAY, said

WORDS = {
    "status": ["chips=[h20,rtx4090]", DAY],
    "timeline": ["chip=h20"],
    "explain": ["chip=h20", DAY],
    "whatif": ["chip=h20", DAY],
    "list": [DAY],
}


def test_every_view_is_tried_here() -> None:
    assert tuple(WORDS) == VIEWS


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_shown_in_every_format(
    view: str, style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said([view, *WORDS[view], f"report={style}"], capsys)
    assert (code, err) == (0, "")
    assert out.endswith("\n")
    if style != "csv":
        assert "A research aid, not legal advice" in out


# wrong words


CHNA = "'Chna' in specs/destinations.yaml: did you mean 'china' or 'chad' or 'ghana'?"
WRONG = {
    "stauts": "no view 'stauts' of rules: did you mean 'status'?",
    "timeline chips=[h20,h100]": (
        "chips= belongs to rules status, not to rules timeline: give chip="
    ),
    "chip=h20 chips=h100": (
        "chip= belongs to rules timeline, explain and whatif, not to rules status: give chips="
    ),
    "list chip=h20": "chip= belongs to rules timeline, explain and whatif, not to rules list",
    "timeline chip=h20 tpp=1": "tpp= belongs to rules whatif, not to rules timeline",
    "whatif chip=h20 rule=x": "rule= belongs to rules explain and list, not to rules whatif",
    "timeline chip=h20 on=2024-06-01": ("a timeline covers every day: leave out on="),
    "on=2025-02-30": "on=2025-02-30 is no day such as 2025-08-15",
    "on=yesterday": "on=yesterday is no day such as 2025-08-15",
    "on=15-8-2025": "on=15-8-2025 is no day such as 2025-08-15",
    "on=20250815": "on=20250815 is no day such as 2025-08-15",
    "on=2025-W33-5": "on=2025-W33-5 is no day such as 2025-08-15",
    "destination=Chna": f"no destination {CHNA}",
    "headquarters=Chna": f"no destination {CHNA}",
    "export_from=aboard": "no export_from 'aboard': did you mean 'abroad'?",
    "timeline": "which chip? give chip=, such as chip=h20",
    "explain rule=US-2023-3A090": "which chip? give chip=, such as chip=h20",
    "whatif": "whatif needs chip=, or values such as tpp=4000 datacenter=yes",
    "explain chip=h20 rule=US-2023-3A09": (
        "no rule 'US-2023-3A09' in specs/rules: did you mean 'us-2023-3a090' or 'us-2022-3a090' "
        "or 'us-2023-hq'?"
    ),
    "explain chip=h20 rule=5A993": (
        "no rule '5A993' in specs/rules: paragraphs are 3A090 and, by its numbers, 4A090, 3A001.z, "
        "4A003.z, 4A004.z, 4A005.z, 5A002.z, 5A004.z, 5A992.z, 5D002.z, 5D992.z"
    ),
    "explain chip=h20 rule=us-2024-corr": (
        "US-2024-CORR sets no condition on a chip: see 'rules list rule=US-2024-CORR'"
    ),
    "whatif chip=h20 tpp='4 TB/s'": "TPP: '4 TB/s' is not a bare number",
    "whatif chip=h20 density='3 W'": "performance density: '3 W' is not a bare number",
    "whatif chip=h20 tpp=-1": "TPP: '-1' is not a positive, finite quantity",
    "whatif chip=h20 tpp=many": "TPP: 'many' is not a quantity such as '148 TFLOP/s'",
    "whatif chip=h20 memory_bandwidth=GB/s": (
        "DRAM bandwidth: 'GB/s' is not a quantity such as '148 TFLOP/s'"
    ),
    "whatif chip=h20 io='4 TFLOP/s'": "I/O rate: '4 TFLOP/s' is not in B/s",
    "whatif chip=h20 datacenter=maybe": "datacentre part is yes or no, not 'maybe'",
    "whatif chip=h20 us_sale=true": "sold in the US is yes or no, not 'true'",
}


def words(line: str) -> list[str]:
    """The words of a line, a quoted blank kept."""
    kept = line.replace("4 TB", "4~TB").replace("3 W", "3~W").replace("4 TF", "4~TF")
    return [one.replace("~", " ") for one in kept.split()]


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_word_is_one_line_and_stops_before_any_sheet_is_read(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never() -> None:
        raise AssertionError("the catalogue was read")

    monkeypatch.setattr(load, "catalogue", never)
    assert said(words(line), capsys) == (2, "", f"onpaper: {WRONG[line]}\n")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("timeline chip=h21", "no chip 'h21' in specs/chips: did you mean 'h20' or "),
        ("chips=[h20,h2o]", "no chip or group 'h2o': did you mean 'h20' or "),
        ("report=githb", "no report 'githb': did you mean 'github'?"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(
    line: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(line.split(), capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"onpaper: {told}")


def test_help_names_every_view(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(["--help"], capsys)
    assert code == 0
    assert [one for one in VIEWS if f"\n  {one}" not in out] == []
