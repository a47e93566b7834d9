"""Regenerates all files that follow from the data, in ``specs/`` and ``results/``: ``make docs``.

The stored prediction errors, with which later versions are compared, are replaced only if no error
grew by more than the rule allows. Otherwise they stay, and the program says so; ``validate out=``
accepts the new errors.
"""

import sys
from pathlib import Path

from bench import paths
from bench.chips.load import catalogue
from bench.files.atomic import replace
from bench.predict.learning.learn import FILE, written
from bench.predict.learning.shippeddata import learn_all, shipped
from bench.predict.validation import points
from bench.predict.validation.errorfile import FILE as VALIDATION
from bench.predict.validation.errorfile import state
from bench.predict.validation.errorfile import written as figures_of
from bench.predict.validation.errors import Part, changes
from bench.predict.validation.validate import validated
from bench.reference.documents import write_docs
from bench.reference.findings import findings
from bench.reference.pictures import FOLDER, pictures
from bench.reference.validation import validation_page


def main() -> int:
    """Writes every page; returns 1 if predictions got worse."""
    results = paths.data_dir("results")
    write_docs(paths.data_dir("specs"), catalogue())
    data = shipped()
    fit = learn_all(data)
    replace(results / FILE, written(fit).encode())
    parts = validated(data)
    replace(results / "VALIDATION.md", validation_page(parts).encode())
    replace(results / points.FILE, points.written(parts).encode())
    replace(results / "FINDINGS.md", findings(catalogue()).encode())  # last: it reads the fit
    for name, drawing in pictures():
        replace(results / FOLDER / name, drawing.encode())
    return _update_errors(results / VALIDATION, parts)


def _update_errors(file: Path, parts: list[Part]) -> int:
    """Replaces the stored prediction errors, unless some got worse; returns the exit code."""
    before = state(file) if file.is_file() else {}
    after = {part.key: part.figures.mean for part in parts}
    worsened = [part for part in changes(before, after, whole=True) if part.worse]
    if worsened:
        names = ", ".join(part.name for part in worsened)
        sys.stderr.write(f"worse than {file.name}, which stays as it was: {names}\n")
        return 1
    replace(file, figures_of(parts).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
