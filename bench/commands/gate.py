"""Compares a run with another, with a set of runs, or with its sheet, for CI."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands.printed import printed
from bench.config import compose, positive
from bench.errors import OnpaperError, UsageError
from bench.shapes import GateConfig

if TYPE_CHECKING:
    from bench.chips.load import Catalogue
    from bench.chips.model import Chip
    from bench.gate.model import Finding, Terms
    from bench.report.text.markup import Report

HELP = """\
python -m bench gate record=NAME against=NAME [key=value ...]

Compares a run with earlier runs, or with a spec sheet. Each measurement is the same, faster, slower
or ambiguous, judged by intervals; the exit code tells CI. What is slower by the sampled clock, by
throttling or another disturbance is 'explained', and not blamed on the code: exit code 3. What
failed or is missing has its own row. Runs by another method, with other inputs or on another device
are refused; a new driver, torch or onpaper is noted at the top. A run that did not finish never
passes.

  record=latest     the run to judge: a record (its path, its id or file name, the beginning of
                    either, or latest), or a folder, whose newest record is taken, with the others
                    of its sweep or of its run over several devices; the worst exit code counts
  against=          what to compare with: a record; a folder of records, whose spread from run to
                    run is taken into account; or a chip, whose every figure is to be reached
  level=0.01        against runs: chance that any row is called slower though nothing changed
  least=0.01        against runs: differences smaller than this count as the same
  margin=0.10       against a chip: how far below paper still counts as reached
  figures=[]        these figures only, such as [matrix_bf16]; one that was not measured is missing
  limits=           against a chip: a YAML file with a limit per figure, such as matrix_bf16: 0.68,
                    the share of paper from which on it counts as reached; margin= is for the others
  out=              against a chip: a limits= file to write, made of what this record reached; a
                    figure that is short then fails nothing, unless limits= is given, too
  allow=[]          differences that are intended: driver, runtime, torch, onpaper, power_limit,
                    kernel, uid ...; device, machine, chip and together (measured with other devices
                    at once) are refused unless named here
  junit=            a JUnit XML file to write: slower is a failure, ambiguous is skipped, and what
                    leads to exit code 2 is an error
  markdown=         a file to append a summary to, such as $GITHUB_STEP_SUMMARY
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html

Both sides may be pytest-benchmark files (--benchmark-json), or folders of them.

Examples
  python -m bench gate record=latest against=baseline
  python -m bench gate record=after against=before allow=[driver] junit=gate.xml
  python -m bench gate record=latest against=h200 out=h200.yaml
  python -m bench gate record=latest against=h200 limits=h200.yaml

Exit code: 0 same or faster, 1 slower or failed, 2 wrong usage, or a record or
data file that cannot be read, 3 ambiguous, explained, missing, or the run did
not finish.
"""


OF_RUNS = ("level", "least")
OF_SHEET = ("margin", "limits", "out")
"""Keys that only apply against runs, and only against a sheet."""


def main(words: list[str]) -> int:
    """Prints the rows and returns the verdict as an exit code; reports errors to CI files too."""
    try:
        return _judged(words)
    except OnpaperError as error:
        _report_error(words, str(error))
        raise


def _report_error(words: list[str], message: str) -> None:
    """Writes why nothing was judged to ``junit=`` and ``markdown=``, where these can be written."""
    from bench.gate.files import append_markdown, error_line, place, write_error

    given = dict(word.partition("=")[::2] for word in words)
    for key, write in (("junit", write_error), ("markdown", append_markdown)):
        try:
            path = place(key, given.get(key))
            if path:
                write(path, message if key == "junit" else error_line(message))
        except UsageError:
            continue  # the path of this file may be the very error that is reported


def _judged(words: list[str]) -> int:
    from bench.gate.files import append_markdown, markdown, place, write_junit
    from bench.gate.model import terms
    from bench.gate.several import code_of
    from bench.report.text.footnotes import cites, with_hint

    config = compose("gate", words, GateConfig)
    strict = terms(config.level, config.least, config.allow)
    positive("margin", config.margin, 0.9)
    given = {word.partition("=")[0] for word in words}
    xml, summary = place("junit", config.junit), place("markdown", config.markdown)
    found, report = _findings(config, strict, given)
    cite, how = cites(config.report.format), f"show chip={config.against} sources=true"
    report = with_hint(report, cite=cite, how=how)
    if xml:
        write_junit(xml, found)
    if summary:
        append_markdown(summary, "".join(map(markdown, found)))
    printed(report, config.report.format)
    return code_of(found)


def _findings(
    config: GateConfig, strict: "Terms", given: set[str]
) -> "tuple[list[Finding], Report]":
    """Returns the finding on each record, and the report."""
    from bench.gate.folder import judged_in
    from bench.gate.report import report
    from bench.gate.several import Outcome, several
    from bench.records.latest import record_folders
    from bench.report.text.markup import with_heading

    if not config.against:
        raise UsageError("gate needs against=: a record, a folder of records, or a chip")
    judged = judged_in(config.record or "latest", record_folders())
    judge = _judge(config, strict, given, judged.paths)
    heading = [judged.note] if judged.note else []
    if len(judged.paths) == 1:
        found = judge(judged.paths[0])
        return [found], with_heading(report(found), heading)
    outcomes = [Outcome(_about(path), one) for path, one in _each(judge, judged.paths)]
    return [one.finding for one in outcomes], several(outcomes, heading)


def _each(
    judge: "Callable[[Path], Finding]", judged: Sequence[Path]
) -> "Iterator[tuple[Path, Finding]]":
    """Yields the finding on each of several records.

    Raises:
        UsageError: none of them can be compared.
    """
    from bench.gate.several import uncompared

    refused: list[UsageError] = []
    for path in judged:
        try:
            yield path, judge(path)
        except UsageError as error:
            refused.append(error)
            if len(refused) == len(judged):
                raise refused[0] from None
            yield path, uncompared(path.stem, str(error))


def _about(path: Path) -> str:
    """Returns what distinguishes a record in its sweep or multi-device run."""
    from bench.archive.entry import selected_settings
    from bench.gate.recorded import together
    from bench.records.store import read

    record = read(path)
    device = f"{record.device.backend}:{record.device.index}"
    where = f"{record.machine.node} {device}" if record.machine.node else device
    settings = selected_settings(record.settings) or f"suite {record.suite}"
    return ", ".join([settings, where, together(record)])


def _judge(
    config: GateConfig, strict: "Terms", given: set[str], judged: Sequence[Path]
) -> "Callable[[Path], Finding]":
    """Returns the function that judges one record: against a sheet or earlier runs."""
    from bench.chips.load import catalogue
    from bench.chips.names import plain
    from bench.gate.chosen import compare_figures
    from bench.gate.read import run_in, runs_of
    from bench.records.latest import record_folders

    sheets, against = catalogue(), config.against or ""
    chip = sheets.names.get(plain(against))
    if chip and not Path(against).exists():
        _refuse_pytest(judged)
        _only(given, OF_RUNS, "runs", "margin= sets how far below paper still counts as reached")
        return _of_sheet(config, sheets, sheets.find(chip), len(judged))
    _only(given, OF_SHEET, "a chip's sheet", "least= sets the smallest difference that matters")
    before, unread = runs_of(against, judged, record_folders(), sheets)
    return lambda path: compare_figures(
        run_in(path, sheets), before, strict, unread, config.figures
    )


def _refuse_pytest(judged: Sequence[Path]) -> None:
    """Raises ``UsageError`` for a file of pytest-benchmark, which names no chip of its own."""
    from bench.gate.read import is_pytest

    for path in filter(is_pytest, judged):
        raise UsageError(
            f"{path.name} is a file of pytest-benchmark, which gate compares with another one: "
            "only a record is compared with a chip's sheet (onpaper.beside does it in a test)"
        )


def _of_sheet(
    config: GateConfig, sheets: "Catalogue", chip: "Chip", count: int
) -> "Callable[[Path], Finding]":
    """Returns the function that judges one record by a sheet; with ``out=`` it writes limits.

    Raises:
        UsageError: a figure that the sheet lacks, or a file that cannot be read or written.
    """
    from bench.gate.limits import as_yaml, limits_in, limits_made, unprinted
    from bench.gate.sheet import Requirements, against_sheet
    from bench.measure.lacking import lacking
    from bench.records.store import read
    from bench.report.text.footnotes import cites
    from bench.tables.write import write_new

    for key in config.figures:
        if fault := unprinted(key, chip):
            raise UsageError(f"figures=: {key} {'; '.join(fault)}")
    if config.out and count > 1:
        raise UsageError(f"out= makes limits of one record, record= names {count}: name one")
    limits = limits_in(config.limits, chip) if config.limits else {}
    required = Requirements(config.margin, tuple(config.figures), limits, tuple(config.allow))
    cite = cites(config.report.format)

    def judge(path: Path) -> "Finding":
        record = read(path)
        found = against_sheet(record, chip, sheets, required, lacking(record), cite=cite)
        if config.out:
            write_new(as_yaml(found), Path(config.out))
            return found if config.limits else limits_made(found, config.out)
        return found

    return judge


def _only(given: set[str], foreign: tuple[str, ...], what: str, fix: str) -> None:
    """Refuses keys that would have no effect.

    Raises:
        UsageError: one of them was given.
    """
    for key in foreign:
        if key in given:
            raise UsageError(f"{key}= only applies against {what}: leave it out; {fix}")
