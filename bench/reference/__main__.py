"""Writes what is made of the data anew, in ``specs/`` and ``results/``: ``make docs``.

The figures that later states are held to are replaced only where nothing got worse by more than
the rule lets pass; else they stay, and the program says so: ``validate out=`` is the way to accept.
"""

import sys
from pathlib import Path

from bench import paths
from bench.atomic import replace
from bench.chips.load import catalogue
from bench.predict.learning.learn import FILE, written
from bench.predict.learning.shipped import learn_all, shipped
from bench.predict.validation.errorfile import FILE as VALIDATION
from bench.predict.validation.errorfile import state
from bench.predict.validation.errorfile import written as figures_of
from bench.predict.validation.errors import Part, changes, figures
from bench.predict.validation.validate import validated
from bench.reference.documents import write_docs
from bench.reference.findings import findings
from bench.reference.pictures import FOLDER, pictures
from bench.reference.validation import POINTS, points, validation_page


def main() -> int:
    """Writes every page; returns 1 where predictions got worse."""
    results = paths.data_dir("results")
    write_docs(paths.data_dir("specs"), catalogue())
    world = shipped()
    learnt = learn_all(world)
    replace(results / FILE, written(learnt).encode())
    parts = validated(world)
    replace(results / "VALIDATION.md", validation_page(parts).encode())
    replace(results / POINTS, points(parts).encode())
    replace(results / "FINDINGS.md", findings(catalogue()).encode())  # last: it reads the fit
    for name, drawn in pictures():
        replace(results / FOLDER / name, drawn.encode())
    return _kept(results / VALIDATION, parts)


def _kept(place: Path, parts: list[Part]) -> int:
    """Replaces the figures that later states are held to, unless some got worse."""
    before = state(place) if place.is_file() else {}
    now = {one.key: figures(one.cases).mean for one in parts}
    worse = [one for one in changes(before, now, whole=True) if one.worse]
    if worse:
        told = ", ".join(one.name for one in worse)
        sys.stderr.write(f"worse than {place.name}, which stays as it was: {told}\n")
        return 1
    replace(place, figures_of(parts).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
