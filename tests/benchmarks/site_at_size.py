"""How fast the site is built and opens, also with 5,000 measured values.

    python tests/benchmarks/site_at_size.py [ROWS] [TURNS]

Prints the time to build it, the largest page, and for each page the time until a browser has laid
it out from disk; of the page of values also how long a sort and a search take. Needs Chromium.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench.claims.sensitivity import Bench
from bench.site.build import write
from bench.site.world import World, gather

PAGES = ("index", "chips", "compare", "claims", "evidence", "records", "rules", "predictions",
         "sources", "chips/nvidia-h20-sxm-96gb")  # fmt: skip
SORT = "document.querySelector('th[data-key=value] button').click()"
SEARCH = (
    "(() => { const one = document.querySelector('input[name=q]'); one.value = 'h20';"
    " one.dispatchEvent(new Event('input', { bubbles: true })); })()"
)
LAID_OUT = "document.body.offsetHeight"


def main(rows: int = 5000, turns: int = 5) -> None:
    """Builds two sites, as shipped and with more values, and opens their pages."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    world = gather(None, "2026-11-26")
    with tempfile.TemporaryDirectory() as base, sync_playwright() as play:
        started = play.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for name, one in (("as shipped", world), (f"{rows} values", grown(world, rows))):
            folder = Path(base) / name.replace(" ", "-")
            began = time.perf_counter()
            written = write(folder, one)
            largest = max(size for page, size in written if page.endswith(".html"))
            took = time.perf_counter() - began
            print(f"{name}: built in {took:.1f} s, largest page {largest / 1e6:.2f} MB")
            opened(started, folder, turns)


def grown(world: World, rows: int) -> World:
    """Returns a world with so many measured values: those there are, again and again."""
    every = world.bench.observations
    more = tuple(
        replace(every[number % len(every)], ref=f"{every[number % len(every)].ref}-{number}")
        if number >= len(every)
        else every[number]
        for number in range(rows)
    )
    return replace(world, bench=Bench(more, world.catalogue))


def opened(browser: Browser, folder: Path, turns: int) -> None:
    """Prints the median time that each page takes to open, a sort and a search."""
    page = browser.new_page()
    for name in PAGES:
        address = f"{folder.as_uri()}/{name}.html"
        print(f"  {name}: {timed(partial(load, page, address), turns):.0f} ms")
    load(page, f"{folder.as_uri()}/evidence.html")
    for act, word in ((SORT, "sort"), (SEARCH, "search")):
        took = timed(partial(page.evaluate, f"({act}, {LAID_OUT})"), turns)
        print(f"  evidence, {word}: {took:.0f} ms")
    page.close()


def load(page: Page, address: str) -> None:
    """Opens a page and waits until it is laid out."""
    page.goto(address)
    page.evaluate(LAID_OUT)


def timed(act: Callable[[], object], turns: int) -> float:
    """Returns the median time of an act in milliseconds."""
    times = []
    for _ in range(turns):
        began = time.perf_counter()
        act()
        times.append(1e3 * (time.perf_counter() - began))
    return statistics.median(times)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
