"""Each template renders with what its page gives it: a name that the page lacks is an error."""

from pathlib import Path

from bench.site import build

PARTS = {"base.html", "macros.html"}
"""Templates that others include."""


def test_every_template_is_rendered_by_some_page(site: Path) -> None:
    folder = Path(build.__file__).parent / "templates"
    used = {path.name for path in (site.parent / "templates").iterdir()}
    assert used == {path.name for path in folder.iterdir()} - PARTS


def test_every_page_has_its_main_part(site: Path) -> None:
    assert [path for path in site.rglob("*.html") if "</main>" not in path.read_text("utf-8")] == []
