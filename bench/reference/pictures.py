"""The plots of the README, in both themes."""

from collections.abc import Iterator

from bench import paths
from bench.chips.load import catalogue
from bench.claims.sensitivity import evidence_base
from bench.plot import ratios
from bench.plot.draw import svg
from bench.plot.picture import Picture
from bench.plot.registry import record_pictures
from bench.plot.theme import THEMES
from bench.records.store import read

FOLDER = "pictures"
RECORD = "records/2026-11-26/h200-sxm-full.json"
BASELINE = "h20"


def pictures() -> Iterator[tuple[str, str]]:
    """Yields each plot's path below ``results/pictures/`` and its SVG."""
    for picture in _pictures():
        for theme in THEMES.values():
            yield f"{theme.name}/{picture.name}.svg", svg(picture, theme)


def _pictures() -> Iterator[Picture]:
    sheets, record = catalogue(), read(paths.data_dir("results") / RECORD)
    yield from record_pictures(record, sheets, kind="figures")
    yield ratios.picture(sheets.find(BASELINE), None, evidence_base())
