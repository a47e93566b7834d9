"""How far predictions are off on what their fit has not seen."""

import json
from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from bench import paths
from bench.predict.tables import Table, tables
from bench.predict.validate import FILE, RATIO
from bench.site.page import Page
from bench.site.pictures import of_predictions
from bench.site.words import Words
from bench.site.world import World


def pages(world: World, names: dict[str, str]) -> Iterator[Page]:
    """Yields the page."""
    del world
    text = (paths.data_dir("results") / FILE).read_text("utf-8")
    words = Words(names, "", "predictions.html")
    rows = [_row(name, figures, words) for name, figures in json.loads(text)["parts"].items()]
    yield Page(
        path="predictions.html",
        title="How far predictions are off",
        description="Errors of predictions on chips, vendors and sources their fit has not seen.",
        template="predictions.html",
        part="predictions.html",
        data={
            "times": [one for one in rows if not one["name"].startswith(RATIO)],
            "ratios": [one for one in rows if one["name"].startswith(RATIO)],
            "pictures": of_predictions(),
            "tables": [_table(one, words) for one in tables().values()],
            "files": [("data/validation.json", text.encode())],
        },
    )


def _table(one: Table, words: Words) -> Markup:
    """Returns a table of measured times: what it is, whence it comes, how much of it was kept."""
    source = words.outside(one.told.source.url, one.told.source.title)
    return Markup("{}, {} rows: {}").format(one.told.id, f"{len(one.rows):,}", source)


def _row(name: str, figures: dict[str, Any], words: Words) -> dict[str, Any]:
    inside = figures["inside"]
    return {
        "name": name,
        "count": f"{figures['count']:,}",
        "chips": figures["chips"],
        "mean": f"{figures['mean']:.1%}",
        "median": f"{figures['median']:.1%}",
        "bias": f"{figures['bias']:+.1%}",
        "inside": " / ".join(f"{one:.0%}" for one in inside) if inside else "–",
        "rivals": ["{:.0%} / {:.0%}".format(*one) for one in figures["rivals"]],
        "worst": words.text(f"{figures['worst_chip']} {figures['worst']:.1%}"),
    }
