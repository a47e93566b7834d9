"""Says whether a run is slower than another, than many or than its sheet."""

from pathlib import Path
from typing import TYPE_CHECKING

from bench import paths
from bench.config import compose, positive
from bench.errors import UsageError
from bench.shapes import GateConfig

if TYPE_CHECKING:
    from bench.gate.model import Finding, Terms

HELP = """\
python -m bench gate record=NAME against=NAME [key=value ...]

Compares a run with earlier runs, or with a spec sheet. Each measurement is the same, faster, slower
or ambiguous, judged by intervals; the exit code tells CI. A change that the sampled clock accounts
for is not blamed on the code. What failed or is missing has its own row. Runs by another method,
with other inputs or on another device are refused; a new driver, torch or onpaper is noted at the
top.

  record=latest     the run to judge: a record (its path, its id or file name, the beginning of
                    either, or latest), or a folder, whose newest record is taken
  against=          what to compare with: a record; a folder of records, whose spread from run to
                    run is taken into account; or a chip, whose every figure is to be reached
  level=0.01        against runs: chance that any row is called slower though nothing changed
  least=0.01        against runs: differences smaller than this count as the same
  margin=0.10       against a chip: how far below paper still counts as reached
  allow=[]          differences that are intended: driver, runtime, torch, onpaper, power_limit,
                    kernel, uid ...; device, machine, chip and together (measured with other devices
                    at once) are refused unless named here
  junit=            a JUnit XML file to write: slower is a failure, ambiguous is skipped
  markdown=         a file to append a summary to, such as $GITHUB_STEP_SUMMARY
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html

Both sides may be pytest-benchmark files (--benchmark-json), or folders of them.

Examples
  python -m bench gate record=latest against=baseline
  python -m bench gate record=after against=before allow=[driver] junit=gate.xml
  python -m bench gate record=latest against=h200 margin=0.2

Exit code: 0 same or faster, 1 slower or failed, 2 wrong usage, or a record or
data file that cannot be read, 3 ambiguous.
"""


OF_RUNS = ("level", "least")
OF_SHEET = ("margin",)
"""Keys that mean something only against runs, and only against a sheet."""


def main(words: list[str]) -> int:
    """Prints the rows and returns the verdict as an exit code."""
    from bench.gate.files import append_markdown, place, write_junit
    from bench.gate.model import terms
    from bench.gate.report import report
    from bench.report.registry import set_in

    config = compose("gate", words, GateConfig)
    strict = terms(config.level, config.least, config.allow)
    positive("margin", config.margin, 0.9)
    given = {word.partition("=")[0] for word in words}
    xml, summary = place("junit", config.junit), place("markdown", config.markdown)
    finding = _finding(config, strict, given)
    if xml:
        write_junit(xml, finding)
    if summary:
        append_markdown(summary, finding)
    print(set_in(config.report.format, report(finding)), end="")
    return finding.code


def _finding(config: GateConfig, strict: "Terms", given: set[str]) -> "Finding":
    from bench.chips.load import catalogue
    from bench.chips.names import plain
    from bench.gate.compare import compare
    from bench.gate.read import newest_in, run_in, runs_of
    from bench.gate.sheet import against_sheet
    from bench.records.store import read

    if not config.against:
        raise UsageError("gate needs against=: a record, a folder of records, or a chip")
    sheets = catalogue()
    path = newest_in(config.record or "latest", _folders())
    chip = sheets.names.get(plain(config.against))
    if chip and not Path(config.against).exists():
        _only(given, OF_RUNS, "runs", "margin= sets how far below paper still counts as reached")
        return against_sheet(read(path), sheets.find(chip), sheets, config.margin, strict.allow)
    _only(given, OF_SHEET, "a chip's sheet", "least= sets the smallest difference that matters")
    before, unread = runs_of(config.against, path, _folders(), sheets)
    return compare(run_in(path, sheets), before, strict, unread)


def _only(given: set[str], foreign: tuple[str, ...], what: str, fix: str) -> None:
    """Refuses keys that would do nothing.

    Raises:
        UsageError: one of them was given.
    """
    for key in foreign:
        if key in given:
            raise UsageError(f"{key}= only applies against {what}: leave it out; {fix}")


def _folders() -> list[Path]:
    return [paths.runs_dir(), paths.data_dir("results") / "records"]
