"""Renders a record again, or a chip's sheet."""

from typing import TYPE_CHECKING

from bench.commands.printed import found_to_show, printed
from bench.config import compose, folder, positive
from bench.errors import UsageError
from bench.shapes import ShowConfig

if TYPE_CHECKING:
    from bench.report.text.markup import Report

HELP = """\
python -m bench show [record=NAME] [chip=NAME] [key=value ...]

Shows a stored record as 'run' printed it, or everything known of a chip: its sheet with sources and
rivals, derived figures with their formulas, the cross-check of printed rates, its export-rule
history for China, and what the records here measured of it.

  record=latest     a record: its path, its id or file name, the beginning of either, or latest; or
                    a folder, whose newest record is taken
  chip=             a sheet by id, alias or local name
  figures=          chip=: only these figures, each with its sources and rivals, such as
                    [tdp,link_bandwidth] ('python -m bench chips --help' lists them)
  sources=false     true gives sources in full in the footnotes: address, how each was read
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html;
                    csv has one line per measurement; json also has the other tables, under
                    "tables", by title, such as "Roofline, bf16";
                    pytest-benchmark: a record's samples, for 'pytest-benchmark compare'
  margin=0.10       how far below paper still counts as reached
  trials=false      true adds the shapes and implementations that searches tried: the ten best of
                    each; all of them with json, and with csv, which then has nothing else
  out=              folder in which records are looked for

Examples
  python -m bench show
  python -m bench show record=h200-sxm-full report=html > page.html
  python -m bench show record=h200-sxm-full trials=true report=csv
  python -m bench show chip=h20
  python -m bench show chip=h20 figures=[tdp]
  python -m bench show record=latest report=pytest-benchmark > now.json

Exit code: 0 shown, 2 wrong usage, or the record or a data file has a fault.
"""


def main(words: list[str]) -> int:
    """Prints a record's table or a sheet."""
    from bench.chips.load import catalogue
    from bench.report.registry import render
    from bench.report.text.footnotes import cites, with_hint

    config = compose("show", words, ShowConfig)
    if "" in (config.chip, config.record):
        raise UsageError("chip= or record= is blank: name one, or leave the key out")
    if config.chip and config.record:
        raise UsageError("give record= or chip=, not both")
    if config.figures and not config.chip:
        raise UsageError("figures= needs chip=, such as chip=h20: a record is shown whole")
    if config.chip:
        cite = cites(config.report.format, sources=config.sources)
        report = with_hint(_dossier(config, cite=cite), cite=cite)
        printed(report, config.report.format)
        return 0
    from bench.records.latest import record_folders
    from bench.records.store import read

    margin = positive("margin", config.margin, 0.9)
    record = read(found_to_show(config.record, record_folders(folder(config.out))))
    style, more = config.report.format, {"trials": config.trials, "sources": config.sources}
    print(render(record, catalogue(), style, margin, **more), end="")
    return 0


def _dossier(config: ShowConfig, *, cite: bool) -> "Report":
    """Returns a chip's sheet with its derived figures and the records of it that are at hand."""
    from bench.chips.load import catalogue
    from bench.chips.select import others
    from bench.records.latest import record_folders
    from bench.records.store import every
    from bench.report.chips.dossier import dossier
    from bench.report.chips.sheet import some_figures
    from bench.report.text.markup import with_heading
    from bench.rules.load import rulebook
    from bench.theory.systems import complete

    sheets = catalogue()
    chip = sheets.find(config.chip or "")
    if config.figures:
        report = some_figures(complete(chip, sheets), config.figures, sheets, cite=cite)
    else:
        records = list(every(record_folders(folder(config.out)), chip.id))
        report = dossier(chip, sheets, rulebook(), records, cite=cite)
    variants = [*chip.variants, *others(chip, sheets)] if chip.variants else []
    note = f"{config.chip} covers several chips; this sheet has what is said of the bare name"
    return with_heading(report, [f"{note}. Chips: {', '.join(variants)}."] if variants else [])
