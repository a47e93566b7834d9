"""The site as its readers meet it: in a browser, by mouse and keyboard, at desk and on a phone."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

DESK, PHONE = (1280, 900), (390, 844)
H20, H100 = "nvidia-h20-sxm-96gb", "nvidia-h100-sxm-80gb"
KINDS = (
    "index.html", "chips.html", "compare.html", "claims.html", "evidence.html", "records.html",
    "rules.html", "predictions.html", "method.html", "sources.html", f"chips/{H20}.html",
    "claims/2025-09-17-cac-domestic-comparable.html",
    "records/20261126-000418-cuda-b73922.html",
)  # fmt: skip
Open = Callable[[str], Page]


class Watched:
    """A page's troubles: what its console said, and what it asked of the network."""

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda one: self.said.append(f"{one.type}: {one.text}"))
        page.on("pageerror", lambda one: self.said.append(str(one)))
        page.on("request", lambda one: self.asked.append(one.url))

    def check(self) -> None:
        """Fails if anything was said, or anything asked but files and what stands in the page."""
        assert self.said == []
        assert [one for one in self.asked if not one.startswith(("file:", "data:"))] == []


def context(browser: Browser, **more: Any) -> BrowserContext:
    """Returns a new, empty browser of the size of a desk's."""
    width, height = more.pop("size", DESK)
    return browser.new_context(viewport={"width": width, "height": height}, **more)


@pytest.fixture
def show(browser: Browser, site: Path) -> Iterator[Open]:
    """Opens a page of the site; in the end nothing may have been said or asked."""
    here = context(browser)
    watched: list[Watched] = []

    def opened(address: str) -> Page:
        page = here.new_page()
        watched.append(Watched(page))
        page.goto(f"{site.as_uri()}/{address}")
        return page

    yield opened
    for one in watched:
        one.check()
    here.close()


def test_on_a_phone_a_row_has_a_name_that_can_be_read(browser: Browser, site: Path) -> None:
    here = context(browser, size=PHONE)
    page = here.new_page()
    page.goto(f"{site.as_uri()}/claims/2025-09-17-cac-domestic-comparable.html")
    name = page.locator("table:not(.cards) tbody th").first.bounding_box()
    assert name is not None
    assert 150 < name["width"] < 250
    here.close()


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk", "phone"]
)
@pytest.mark.parametrize("address", KINDS)
def test_a_page_says_nothing_asks_nothing_fits_and_has_no_serious_barrier(
    browser: Browser, site: Path, address: str, size: tuple[int, int], scheme: str
) -> None:
    here = context(browser, size=size, color_scheme=scheme)
    page = here.new_page()
    watched = Watched(page)
    page.goto(f"{site.as_uri()}/{address}")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    watched.check()
    _shorten(page)
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    serious = [
        (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"][:300])
        for one in found.response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
    here.close()


def _shorten(page: Page) -> None:
    """Takes rows of long tables away: each is like its neighbours, and axe looks at every one."""
    page.evaluate(
        "document.querySelectorAll('tbody, #list').forEach((one) =>"
        " [...one.children].slice(15).forEach((row) => row.remove()))"
    )


def rows(page: Page, table: str) -> list[str]:
    """Returns the first cells of the rows that are shown."""
    return page.locator(f"#{table} tbody tr:visible th").all_inner_texts()


def test_chips_sort_and_the_address_keeps_it(show: Open) -> None:
    page = show("chips.html")
    head = page.locator("th", has=page.get_by_role("button", name="bf16 matrix"))
    before = rows(page, "chips")[0]
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert page.url.endswith("#sort=-f1")
    values = [
        float(one) if one else None
        for one in page.locator("#chips tbody tr").evaluate_all(
            "rows => rows.map(row => row.cells[5].dataset.v ?? '')"
        )
    ]
    known = [one for one in values if one is not None]
    assert known == sorted(known, reverse=True)
    assert values[len(known) :] == [None] * (len(values) - len(known))
    first = rows(page, "chips")
    page.reload()
    assert rows(page, "chips") == first
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    page.goto(page.url.partition("#")[0] + "#")
    expect(head).not_to_have_attribute("aria-sort", re.compile(""))
    assert rows(page, "chips")[0] == before


def test_chips_filter_by_words_and_choices(show: Open) -> None:
    page = show("chips.html")
    page.get_by_label("Vendor").select_option("huawei")
    found = rows(page, "chips")
    assert found
    assert all("Ascend" in one or "Kunpeng" in one or "Atlas" in one or "Cloud" in one
               for one in found)  # fmt: skip
    page.get_by_label("Search").fill("910c")
    assert len(rows(page, "chips")) < len(found)
    expect(page.get_by_role("status")).to_contain_text(" shown")
    assert "vendor=huawei" in page.url
    assert "q=910c" in page.url
    kept = rows(page, "chips")
    page.reload()
    assert rows(page, "chips") == kept
    page.get_by_label("Search").fill("no such chip")
    assert rows(page, "chips") == []


def test_chips_are_chosen_and_compared(show: Open) -> None:
    page = show("chips.html")
    link = page.locator("[data-compare]")
    expect(link).to_be_hidden()
    page.get_by_label("compare NVIDIA A800 SXM4 80GB", exact=True).check()
    expect(link).to_have_text("1 selected: select another")
    page.get_by_role("button", name="Clear the selection").click()
    expect(link).to_be_hidden()
    for name in ("NVIDIA H20 SXM 96GB", "NVIDIA H100 SXM 80GB"):
        page.get_by_label(f"compare {name}", exact=True).check()
    expect(link).to_have_text("Compare the 2 chips selected")
    link.click()
    expect(page.locator("#compared thead")).to_contain_text("NVIDIA H100 SXM 80GB")
    assert set(page.url.partition("#chips=")[2].split(",")) == {H20, H100}


def test_a_comparison_has_paper_measurement_and_its_own_address(show: Open) -> None:
    page = show(f"compare.html#chips={H100},{H20}&baseline={H100}")
    row = page.locator("#compared tbody tr", has=page.locator("th", has_text="bf16 matrix")).first
    cell = row.locator("td").nth(1)
    expect(cell).to_contain_text("148 TFLOP/s")
    expect(cell).to_contain_text("× 0.150 on paper")
    assert re.search(r"× 0\.1\d+ \(0\.1\d+–0\.2\d+\) measured", cell.inner_text())
    page.get_by_label("Baseline").select_option(H20)
    expect(row.locator("td").first).to_contain_text("× 6.69 on paper")
    assert f"baseline={H20}" in page.url
    page.get_by_label("Add a chip").select_option("nvidia-a100-sxm-80gb")
    expect(page.locator("#compared thead th")).to_have_count(4)
    shared = page.url
    again = show(shared.rpartition("/")[2])
    assert again.locator("#compared").inner_text() == page.locator("#compared").inner_text()
    again.get_by_role("button", name="remove NVIDIA A100").click()
    expect(again.locator("#compared thead th")).to_have_count(3)
    again.get_by_label("Rows").select_option("measured")
    expect(again.locator("#compared tbody tr", has_text="board power")).to_have_count(0)


def test_a_comparison_knows_short_names_and_tells_what_it_does_not_know(show: Open) -> None:
    page = show("compare.html#chips=H20,h100,nobody&baseline=h100")
    expect(page.locator("#compared thead")).to_contain_text("NVIDIA H100 SXM 80GB")
    expect(page.get_by_role("status")).to_contain_text("2 chips")
    expect(page.get_by_role("status")).to_contain_text("not known: nobody")
    expect(page.get_by_label("Baseline")).to_have_value(H100)


def test_a_ratio_is_told_where_no_figure_is_published(show: Open) -> None:
    page = show(f"compare.html#chips={H20},{H100}&rows=measured")
    row = page.locator("#compared tbody tr", has=page.locator("th", has_text="fp32 matrix")).first
    cell = row.locator("td").nth(1)
    assert re.match(r"–\s", cell.inner_text())
    assert re.search(r"× \d+\.\d+ \(\d.*\) measured", cell.inner_text())
    for cells in page.locator("#compared tbody tr").all():
        assert " measured" in cells.inner_text()


@pytest.mark.parametrize(
    ("asked", "first", "never"),
    [("h20", "H20", "H200"), ("h100 sxm", "H100 SXM", "H20"), ("cdna3", "MI300A", "MI455X")],
)
def test_a_search_finds_names_before_any_text(
    show: Open, asked: str, first: str, never: str
) -> None:
    page = show("chips.html")
    page.get_by_label("Search").fill(asked)
    found = rows(page, "chips")
    assert found
    assert any(first in one for one in found)
    assert not any(never in one for one in found)


@pytest.mark.parametrize(
    "state", ["chips=nobody", "chips=__proto__,constructor", "chips=<img src=x>", "baseline=x", "%"]
)
def test_a_broken_address_shows_a_comparison_all_the_same(show: Open, state: str) -> None:
    page = show(f"compare.html#{state}")
    expect(page.locator("#compared")).to_be_visible()
    assert page.locator("#compared img").count() == 0


def test_a_claim_unfolds_by_mouse_key_and_address(show: Open) -> None:
    page = show("claims.html")
    first = page.locator("details").first
    expect(first.locator("table")).to_be_hidden()
    first.locator("summary").click()
    expect(first.locator("table")).to_be_visible()
    first.locator("summary").press("Enter")
    expect(first.locator("table")).to_be_hidden()
    name = "2025-09-17-cac-domestic-comparable"
    named = show(f"claims.html#{name}").locator(f'[id="{name}"]')
    expect(named.locator("table")).to_be_visible()
    expect(named).to_be_in_viewport()


def test_a_long_table_lays_out_its_first_rows_and_all_on_demand(show: Open) -> None:
    page = show("evidence.html")
    shown = page.locator("#values tbody tr:visible")
    every = page.locator("#values tbody tr").count()
    assert shown.count() == 250 < every
    expect(page.get_by_role("status")).to_contain_text(f"{every} of {every} found, the first 250")
    page.get_by_label("Search").fill("ascend 910")
    some = shown.count()
    assert 0 < some < every
    page.get_by_label("Search").fill("")
    page.get_by_role("button", name="of paper").click()
    shares = shown.evaluate_all("rows => rows.map(row => Number(row.cells[3].dataset.v))")
    assert len(shares) == 250
    assert shares == sorted(shares, reverse=True)
    page.get_by_role("button", name="weight").click()
    weights = shown.evaluate_all("rows => rows.map(row => Number(row.cells[4].textContent))")
    assert weights == sorted(weights, reverse=True)
    page.get_by_role("button", name="Show all").click()
    assert shown.count() == every
    expect(page.get_by_role("button", name="Show all")).to_be_hidden()


def test_predictions_sort_and_filter(show: Open) -> None:
    page = show("predictions.html")
    page.get_by_label("Tier").select_option("domestic")
    page.get_by_role("button", name="DeepSeek V3").click()
    shown = page.locator("#predicted tbody tr:visible")
    assert 5 < shown.count() < page.locator("#predicted tbody tr").count()
    rates = shown.evaluate_all("rows => rows.map(row => row.cells[5].dataset.v ?? null)")
    known = [float(one) for one in rates if one is not None]
    assert known == sorted(known, reverse=True)
    assert rates[len(known) :] == [None] * (len(rates) - len(known))
    assert "tier=domestic" in page.url
    assert "sort=-experts" in page.url


def test_on_a_phone_the_first_answer_stands_beside_the_chip(browser: Browser, site: Path) -> None:
    """Vendor and tier, by which rows can be chosen, pushed it off the screen."""
    here = context(browser, size=PHONE)
    page = here.new_page()
    page.goto(f"{site.as_uri()}/predictions.html")
    cell = page.locator("#predicted tbody td.number").first.bounding_box()
    assert cell is not None
    assert cell["x"] + cell["width"] <= PHONE[0]
    here.close()


@pytest.mark.parametrize("table", ["predictions.html #predicted", "compare.html #compared table"])
def test_a_desk_shows_every_column(show: Open, table: str) -> None:
    name, _, selector = table.partition(" ")
    shown = show(name).locator(selector).first
    expect(shown).to_be_visible()
    fits = "one => one.scrollWidth <= one.closest('.scroll').clientWidth"
    assert shown.evaluate(fits)


@pytest.mark.parametrize(("by", "word"), [("answer", "fails"), ("verdict", "exceeds")])
def test_claims_are_chosen_by_answer_and_by_verdict(by: str, word: str, show: Open) -> None:
    page = show(f"claims.html#{by}={word}")
    shown = page.locator("details:visible")
    count = page.locator(f"main a[href='#{by}={word}']").inner_text()
    assert shown.count() == int(count) > 0
    assert all(word in one for one in shown.locator("summary").all_inner_texts())


def test_the_keyboard_reaches_the_content_first(show: Open) -> None:
    page = show("index.html")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_without_scripts_everything_is_there_to_read(browser: Browser, site: Path) -> None:
    here = context(browser, java_script_enabled=False)
    page = here.new_page()
    page.goto(f"{site.as_uri()}/chips.html")
    expect(page.locator("form.filter")).to_be_hidden()
    expect(page.locator("#chips tbody tr").first).to_be_visible()
    page.goto(f"{site.as_uri()}/compare.html")
    expect(page.locator("#static")).to_contain_text("On paper, NVIDIA H100")
    expect(page.locator("form.filter")).to_be_hidden()
    expect(page.locator("#compared")).to_be_hidden()
    page.goto(f"{site.as_uri()}/evidence.html")
    assert page.locator("#values tbody tr:visible").count() > 2000
    page.goto(f"{site.as_uri()}/claims.html")
    page.locator("summary").first.click()
    expect(page.locator("details table").first).to_be_visible()
    here.close()


def test_a_page_may_not_ask_the_network_even_if_it_wanted_to(browser: Browser, site: Path) -> None:
    here = context(browser)
    page = here.new_page()
    page.goto(f"{site.as_uri()}/chips.html")
    blocked = page.evaluate(
        "new Promise((done) => { const one = new Image();"
        " addEventListener('securitypolicyviolation', (event) => done(event.violatedDirective));"
        " one.src = 'https://example.org/x.png'; })"
    )
    assert blocked == "img-src"
    here.close()
