"""The example notebook runs from an empty folder, and what it shows is what running it gives.

After a wanted change: ``ONPAPER_GOLDEN=write python -m pytest tests/repository/test_notebook.py``,
then read the difference before it is committed.
"""

import asyncio
import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.folders import ROOT

NOTEBOOK = ROOT / "results" / "notebook.ipynb"
PATHS = re.compile(r"(?<![\w.~}:/-])/(?:work|tmp|root|home|Users)/")

pytestmark = pytest.mark.slow
nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")


@pytest.fixture(scope="module")
def stored() -> Any:
    """The notebook as it lies in the repository."""
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def ran(stored: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook run in an empty folder, and written where the environment asks for it."""
    notebook = nbformat.from_dict(stored)
    folder = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        client = nbclient.NotebookClient(
            notebook,
            timeout=240,
            kernel_name="python3",
            record_timing=False,
            resources={"metadata": {"path": str(folder)}},
        )
        with ThreadPoolExecutor(1) as apart:  # a browser's loop may run in this thread
            apart.submit(lambda: asyncio.run(client.async_execute())).result()
    notebook.metadata["language_info"] = {"name": "python"}
    if os.environ.get("ONPAPER_GOLDEN") == "write":
        nbformat.write(notebook, NOTEBOOK)
    return notebook


def code(notebook: Any) -> list[Any]:
    """The code cells of a notebook."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def told(cell: Any) -> Iterator[tuple[str, str]]:
    """What a cell shows that is ours to answer for: its streams and our tables, pandas' not."""
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.name, output.text
        data = output.get("data", {})
        if 'class="onpaper"' in data.get("text/html", ""):
            yield from sorted(data.items())


def test_every_cell_runs_in_order_without_an_error_or_a_warning(ran: Any) -> None:
    assert [cell.execution_count for cell in code(ran)] == [*range(1, len(code(ran)) + 1)]
    outputs = [one for cell in code(ran) for one in cell.outputs]
    assert [one for one in outputs if one.output_type == "error"] == []
    assert [one for one in outputs if one.get("name") == "stderr"] == []
    assert all(cell.outputs for cell in code(ran))


def test_it_shows_tables_a_frame_and_a_plot(ran: Any) -> None:
    kinds = [kind for cell in code(ran) for one in cell.outputs for kind in one.get("data", {})]
    tables = [text for cell in code(ran) for kind, text in told(cell) if kind == "text/html"]
    assert len(tables) == 6
    assert all("<table>" in text and "Sources and notes" in text for text in tables)
    assert kinds.count("text/html") == 7  # one more is pandas'
    assert kinds.count("image/png") == 1


def test_what_is_stored_is_what_running_gives(stored: Any, ran: Any) -> None:
    assert [cell.source for cell in code(stored)] == [cell.source for cell in code(ran)]
    for before, after in zip(code(stored), code(ran), strict=True):
        assert [*told(before)] == [*told(after)], before.source


def test_the_stored_file_is_whole_small_and_of_no_machine(stored: Any) -> None:
    nbformat.validate(stored)
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert [cell.execution_count for cell in code(stored)] == [*range(1, len(code(stored)) + 1)]
    assert len(text) < 300_000
    assert not PATHS.search(re.sub(r'"image/png": "[^"]*"', "", text))
    assert sys.executable not in text
    assert set(stored.metadata) == {"kernelspec", "language_info"}


def test_the_readme_links_to_it() -> None:
    assert "(results/notebook.ipynb)" in (ROOT / "README.md").read_text(encoding="utf-8")


class Tags(HTMLParser):
    """Notes which tags are opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_its_tables_are_fragments_that_keep_to_themselves(ran: Any) -> None:
    for cell in code(ran):
        for kind, text in told(cell):
            if kind == "text/html":
                tags = Tags()
                tags.feed(text)
                assert tags.open == []
                assert not tags.seen & {"html", "body", "head", "script", "link", "img"}
