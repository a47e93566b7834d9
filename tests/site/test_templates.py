"""Each template renders with what its page gives it: a name that the page lacks is an error."""

from pathlib import Path

from bench import site
from bench.site.build import MAKERS, OTHERS, Renderer, addresses
from bench.site.world import gather
from tests.conftest import DAY

FIRST = 4
"""Pages of a module that show all of its templates."""
PARTS = {"base.html", "macros.html"}
"""Templates that others include."""


def test_every_template_renders_the_first_page_that_uses_it() -> None:
    """Without building the whole site."""
    world = gather(None, DAY)
    known, renderer = addresses(world), Renderer(DAY)
    made: dict[str, str] = {}
    for maker in (*MAKERS, *OTHERS):
        for _, page in zip(range(FIRST), maker.pages(world, known), strict=False):
            if page.template not in made:
                made[page.template] = renderer.html(page)
    folder = Path(site.__file__).parent / "templates"
    assert made.keys() == {path.name for path in folder.iterdir()} - PARTS
    assert all("</main>" in text for text in made.values())
