"""Prices in two currencies: one's own, and those of sheets at an exchange rate."""

import pytest

from bench.chips.load import Catalogue
from bench.chips.prices import GIVEN, Amount, priced
from tests.commands.command_cases import document, said

ASKED = ["chips=[h20,910c,p800]", "per=cny", "figures=[memory_bandwidth]"]
YUAN = Amount(100_000.0, "CNY", "price=h20:100000CNY")


def test_ones_own_price_stands_before_all_of_the_sheet(sheets: Catalogue) -> None:
    h20 = sheets.find("h20")
    found = priced(h20, YUAN, None).figures
    assert (found["price_cny"].number, found["price_cny"].source) == (100_000.0, GIVEN)
    assert "price_usd" not in found, "a price of the sheet would stand beside it"
    dollars = priced(h20, YUAN, 8.0).figures["price_usd"]
    assert (dollars.number, str(dollars.value)) == (12_500.0, "12500 USD")
    assert dollars.formula == "100000 CNY / 8"


def test_a_price_in_one_currency_is_converted_and_one_in_both_is_not(sheets: Catalogue) -> None:
    h20, ascend = sheets.find("h20"), sheets.find("910c")
    assert priced(h20, None, 8.0).figures == h20.figures, "its sheet has both"
    published = ascend.figures["price_usd"]
    made = priced(ascend, None, 8.0).figures["price_cny"]
    assert made.number == pytest.approx(8 * (published.number or 0))
    assert len(made.rivals) == len(published.rivals)
    assert priced(ascend, None, None).figures == ascend.figures, "there is no default rate"


def test_chips_without_a_price_in_yuan_are_compared_at_ones_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of three domestic chips no cell had a value, and no price could be given."""
    words = [*ASKED, "baseline=h20", "price=[h20:100000CNY,p800:50000CNY]", "cny=8"]
    told = {one["chip"]: one for one in document("compare", words, capsys)["rows"]}
    bandwidth = {chip: one["value"] for chip, one in told.items()}
    assert bandwidth["nvidia-h20-sxm-96gb"] == pytest.approx(4000 / 100_000)
    assert bandwidth["huawei-ascend-910c"] > 0
    assert GIVEN in told["nvidia-h20-sxm-96gb"]["sources"].split()
    text = said("compare", [*words, "sources=true"], capsys)[1]
    assert (
        "Prices given: nvidia-h20-sxm-96gb 100000 CNY, kunlunxin-p800 50000 CNY; they stand before "
        "those of sources. Prices in one currency only are converted at 8 CNY for 1 USD."
    ) in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("per=cny price=12000", "price=12000 is not in CNY: give how many yuan are a US dollar"),
        ("per=usd price=[h20:1CNY]", "price=h20:1CNY is not in USD: give how many yuan are"),
        ("per=watt price=1", "price= does not count with per=watt: ask per=usd or per=cny"),
        ("price=[b200:1]", "price=b200:1: nvidia-b200-sxm-180gb is not among the chips asked for"),
        ("price=25,500", "price=25,500: 25 and 500 are both for no chip in particular: write"),
        ("price=1,000", "price=1,000: 1 and 000 are both for no chip in particular: write"),
        ("price=[h20:1,h20:2]", "price=h20:1,h20:2: h20:1 and h20:2 are both for nvidia-h20-sxm-"),
        ("price=[h20:1,910c:25,500]", "price=h20:1,910c:25,500: 500 is for no chip: write price="),
        ("price=many", "price=many: write US dollars, or yuan with CNY, such as price=[h20:"),
        ("price=0CNY", "price=0CNY must be above 0 and at most 1,000,000,000"),
        ("cny=-7", "cny=-7 must be above 0 and at most 1000"),
    ],
)
def test_a_wrong_amount_is_one_line(
    words: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said("compare", ["chips=[h20,910c]", *words.split()], capsys)
    assert (code, out) == (2, "")
    assert err.startswith(f"onpaper: {told}")
    assert err.count("\n") == 1
