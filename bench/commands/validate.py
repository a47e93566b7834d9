"""Tests every prediction on data its fit has not seen; compares the errors with earlier ones."""

from pathlib import Path
from typing import TYPE_CHECKING

from bench import paths
from bench.commands.printed import printed
from bench.config import compose
from bench.errors import UsageError, nearest
from bench.shapes import ValidateConfig

if TYPE_CHECKING:
    from bench.predict.learning.world import World
    from bench.predict.validation.errors import Change, Part

HELP = """\
python -m bench validate [key=value ...]

Predicts every measured time by a model fitted without it: without its chip, its vendor or its
whole source. Prints error, bias and coverage of the intervals by part, chip and workload, the worst
first, beside two baselines: the bare roofline, and the roofline at one fraction of every published
figure, fitted on the other chips. Predicted ratios of two chips stand beside the ratios of their
sheets. Each part's target is what it has to reach; missed targets are named. Parts "fitted on these
rows" had constants of the model set on them: they are no tests, and no mean over parts has them.

  part=             parts whose name or split holds these words: part=product, part='left out'
  against=          an earlier state to compare with; default: results/validation.json
  out=              writes the results to this file, such as results/validation.json
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html

Long lists are cut to their worst lines; part= prints all. For one chip's errors, part by part, take
the lines of report=csv with its id, such as nvidia-h20-sxm-96gb.

Examples
  python -m bench validate
  python -m bench validate part=serving report=plain
  python -m bench validate out=results/validation.json

Exit code: 0 no part got worse, 1 the mean error rose by over 5% relative over all parts or by over
10% in one or a part is gone, 2 wrong usage, or a data file has a fault.
"""


def main(words: list[str]) -> int:
    """Prints the validation and returns 1 where it got worse."""
    from bench.predict.validation.errorfile import written
    from bench.predict.validation.validate import validated
    from bench.report.prediction.validation import validation_report

    config = compose("validate", words, ValidateConfig)
    out, before, keys = _place(config), _before(config), _part_keys(config.part)
    parts = validated(world(), keys)
    chosen = [one for one in parts if (config.part or "").lower() in one.key.lower()]
    if not chosen:
        raise UsageError(_no_part(config.part, [one.key for one in parts]))
    found = _changes(before, chosen, whole=not config.part)
    report = validation_report(chosen, found, whole=bool(config.part))
    printed(report, config.report.format)
    if out:
        out.write_text(written(chosen), "utf-8")
    return 1 if any(one.worse for one in found) else 0


def world() -> "World":
    """Returns the shipped data; tests replace it."""
    from bench.predict.learning.shippeddata import shipped

    return shipped()


def _before(config: ValidateConfig) -> dict[str, float]:
    """Returns the earlier mean errors by part; empty if the shipped file does not exist yet."""
    from bench.predict.validation.errorfile import FILE, state

    shipped = paths.data_dir("results") / FILE
    if config.against is None and not shipped.is_file():
        return {}
    return state(Path(config.against) if config.against else shipped)


def _part_keys(word: str | None) -> list[str] | None:
    """Returns the keys of the shipped parts that contain a word; None for every part.

    Raises:
        UsageError: none does; raised before anything is predicted.
    """
    from bench.predict.validation.errorfile import FILE, state

    shipped = paths.data_dir("results") / FILE
    if not word or not shipped.is_file():
        return None
    known = list(state(shipped))
    found = [one for one in known if word.lower() in one.lower()]
    if not found:
        raise UsageError(_no_part(word, known))
    return found


def _no_part(word: str | None, keys: list[str]) -> str:
    """Returns the error message for a word that no part's name contains."""
    names = sorted({one.partition(": ")[0] for one in keys})
    near = nearest(word or "", names) or f"choose from: {'; '.join(names)}"
    return f"no part has {word!r} in its name: {near}"


def _place(config: ValidateConfig) -> Path | None:
    """Returns the file that the results are written to; None without ``out=``.

    Raises:
        UsageError: it is a folder, its folder is missing, or only some parts are validated.
    """
    if not config.out:
        return None
    place = Path(config.out)
    if config.part:
        raise UsageError("out= keeps every part: leave out part=")
    if place.is_dir() or not place.parent.is_dir():
        raise UsageError(f"out={config.out}: name a file in an existing folder")
    return place


def _changes(before: dict[str, float], parts: "list[Part]", *, whole: bool) -> "list[Change]":
    from bench.predict.validation.errors import changes

    return changes(before, {one.key: one.figures.mean for one in parts}, whole=whole)
