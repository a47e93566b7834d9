"""Fits the model on all tables, or compares a machine's record with its predictions."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands.printed import printed
from bench.config import compose
from bench.errors import UsageError
from bench.shapes import CalibrateConfig

if TYPE_CHECKING:
    from bench.predict.learning.learn import Learnt
    from bench.report.text.markup import Report

HELP = """\
python -m bench calibrate [record=NAME] [key=value ...]

Without a record: fits the software stack and the chips' departures from it on all measured tables,
as stored in results/fitted.json. With a record: compares its layers and products with what was
predicted without it, and makes a calibration in which this chip rests on its own times. Measure
with run suite=calibrate, and give the file to predict calibration=.

  record=           a record of suite=calibrate, llm or full: a path, an id or file name or the
                    beginning of one, or latest
  chip=             the chip measured, where the record does not know it
  out=              file to write the fit to, with the hash of the data behind it
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html

Examples
  python -m bench calibrate
  python -m bench calibrate record=h200-sxm-calibrate out=h200.json

Exit code: 0 fitted, 2 wrong usage, or the record or a data file has a fault.
"""


def main(words: list[str]) -> int:
    """Fits, prints, and writes the fit if ``out=`` is given."""
    config = compose("calibrate", words, CalibrateConfig)
    if config.chip and not config.record:
        raise UsageError("chip= says which chip a record is of: give record=, too")
    out = _place(config.out)
    found, report = _of_record(config) if config.record else _of_tables()
    printed(report, config.report.format)
    if out:
        _write(out, found)
    return 0


def _place(word: str | None) -> Path | None:
    """Returns the path that the fit is to be written to, checked before any work.

    Raises:
        UsageError: it is a folder, or nothing can be written there.
    """
    if not word:
        return None
    place = Path(word)
    above = next(one for one in place.absolute().parents if one.exists())
    if place.is_dir() or not above.is_dir() or not os.access(above, os.W_OK):
        raise UsageError(f"out={word}: name a file in a folder that can be written to")
    return place


def _of_tables() -> "tuple[Learnt, Report]":
    from bench.predict.learning.shippeddata import learn_all, shipped
    from bench.report.prediction.calibration import fitted

    found = learn_all(shipped())
    return found, fitted(found)


def _of_record(config: CalibrateConfig) -> "tuple[Learnt, Report]":
    from bench.chips.load import catalogue
    from bench.predict.learning.learn import load
    from bench.predict.learning.ownrecords import calibrated, chip_of
    from bench.predict.model.facts import all_facts
    from bench.records.latest import find_own, record_folders
    from bench.records.store import read
    from bench.report.prediction.calibration import beside
    from bench.workloads.load import workloads

    sheets, known = catalogue(), load()
    record = read(find_own(config.record or "", record_folders()))
    named = sheets.find(config.chip).id if config.chip else None
    chip = chip_of(record, all_facts(sheets), named)
    found = calibrated(known, record, chip, workloads())
    return found, beside(known, found, record, chip, workloads())


def _write(path: Path, found: "Learnt") -> None:
    from bench.files.atomic import writing
    from bench.predict.learning.learn import written

    with writing(f"out={path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written(found), encoding="utf-8")
