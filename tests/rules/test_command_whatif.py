"""``rules whatif``: how far an attribute may change, and assumed values."""

import json

import pytest

from tests.rules.command_cases import DAY, rows, said

# what is supposed


@pytest.mark.parametrize(
    ("typed", "attribute", "value"),
    [
        ("memory_bandwidth=50%", "memory_bandwidth", 2e12),
        ("memory_bandwidth='120 %'", "memory_bandwidth", 4.8e12),
        ("tpp=50%", "tpp", 1184.0),
    ],
)
def test_a_share_is_of_what_the_sheet_has(
    typed: str, attribute: str, value: float, capsys: pytest.CaptureFixture[str]
) -> None:
    found = rows(["whatif", "chip=h20", "on=2025-06-01", typed], capsys)
    told = {row["attribute"]: row["value"] for row in found if row["attribute"]}
    assert float(told[attribute]) == pytest.approx(value)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (["chip=b30a", "density=50%"], "performance density of nvidia-b30a-144gb is not known"),
        (["chip=h20", "interconnect=50%"], "has several readings: give a value instead of 50%"),
        (["tpp=50%"], "TPP: 50% of which chip? give chip=, or a value"),
    ],
)
def test_a_share_of_what_is_not_known_is_refused(
    typed: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(["whatif", "on=2025-06-01", *typed], capsys)
    assert (code, out) == (2, "")
    assert why in err


def test_the_step_to_review_case_by_case_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(["whatif", "chip=b30a", "on=2026-02-01"], capsys)
    told = [row for row in found if row["policies"] == "case_by_case"]
    assert [(row["varied"], row["low"], row["high"], row["flags"]) for row in told] == [
        ("tpp", "4800.0", "21000.0", "us_sale=yes")
    ]
    text = said(["whatif", "chip=b30a", "on=2026-02-01", "report=github"], capsys)[1]
    assert "| at least 4,800 and below 21,000, sold in the US: yes " in text


@pytest.mark.parametrize(
    ("typed", "attribute", "value"),
    [
        ("memory_bandwidth=1300", "memory_bandwidth", 1.3e12),
        ("memory_bandwidth='4,000'", "memory_bandwidth", 4e12),
        ("memory_bandwidth=1e3", "memory_bandwidth", 1e12),
        ("tpp='2,399'", "tpp", 2399.0),
        ("tpp=1e3", "tpp", 1000.0),
        ("memory_bandwidth=1399.5", "memory_bandwidth", 1.3995e12),
        ("memory_bandwidth='1.3 TB/s'", "memory_bandwidth", 1.3e12),
        ("memory_bandwidth=1300GB/s", "memory_bandwidth", 1.3e12),
        ("interconnect=600", "interconnect", 6e11),
        ("tpp=2399", "tpp", 2399.0),
        ("density=1.5", "pd", 1.5),
    ],
)
def test_a_supposed_value_is_read_in_its_unit_and_a_bare_rate_in_gigabytes(
    typed: str, attribute: str, value: float, capsys: pytest.CaptureFixture[str]
) -> None:
    found = rows(["whatif", "chip=h20", "on=2025-06-01", typed], capsys)
    assert {row["attribute"]: row["value"] for row in found}[attribute] == str(value)


def test_what_is_supposed_is_set_beside_what_the_sheet_has(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["whatif", "chip=h20", DAY, "tpp=2400", "report=json"]
    document = json.loads(said(words, capsys)[1])
    assert document["summary"] == [
        "As the sheet has it: paragraph none, US policy none.",
        "Assumed TPP 2,400: paragraph 3A090.b.1, US policy NAC notification.",
    ]


def test_a_part_may_be_supposed_without_a_chip(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["whatif", "tpp=4000", "datacenter=yes", DAY, "report=json"]
    document = json.loads(said(words, capsys)[1])
    assert document["title"] == (
        "Headroom of an assumed part under the rules of 2024-06-01, destination China"
    )
    assert [row["limit"] for row in document["rows"]] == [1600.0, 1.6]


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (["chip=l20"], "Each attribute is varied alone; density follows TPP."),
        (["chip=l20", "density=3.3"], "performance density is held at 3.30."),
        (["tpp=2000"], "Each attribute is varied alone."),
    ],
)
def test_the_heading_says_whether_the_density_follows_the_tpp(
    typed: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said(["whatif", *typed, "on=2024-06-01", "report=github"], capsys)
    assert code == 0
    assert line in out
