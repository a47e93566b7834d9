"""Follows a figure over all records, lists the records, or queries them in SQL."""

from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands.printed import printed
from bench.config import compose
from bench.errors import UsageError
from bench.shapes import HistoryConfig

if TYPE_CHECKING:
    from bench.archive.index import Index
    from bench.report.text.markup import Report

HELP = """\
python -m bench history [figure=FIGURE] [chip=NAME] [key=value ...]

Without figure=: lists the records, newest first. With it: each series of that figure (one
measurement on one kind of device), every change of its level with its size, and what else changed
at that time: driver, torch, onpaper, clock, throttling. Each record is read once and then kept in a
cache.

  figure=           a figure such as matrix_bf16, or a kernel such as latency
  chip=             of this chip only
  find=             of these devices only: part of a name, a uid or a node
  records=          a folder of records; default: your own, and the committed ones,
                    which are of other machines
  level=0.01        chance that a change is marked in a series that has none
  limit=20          how many records, or points of the first series, to show; 0 shows all;
                    report=csv and json have every point
  sql=              a query for DuckDB (pip install 'onpaper[duckdb]') over the views records,
                    measurements and files; it reads nothing else and writes no file
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html

Examples
  python -m bench history
  python -m bench history figure=matrix_bf16 chip=h200
  python -m bench history figure=memory_bandwidth records=fleet/ report=csv
  python -m bench history sql='SELECT chip, count(*) FROM records GROUP BY chip'

Exit code: 0 shown, 2 wrong usage, or a data file has a fault.
"""
SHOWN = 20
"""The default of ``limit=``."""


def main(words: list[str]) -> int:
    """Prints a figure's history, a list of records, or the answer of an SQL query."""
    from bench.archive.index import folder_of, index
    from bench.records.latest import record_folders

    config = compose("history", words, HistoryConfig)
    _check(config, {word.partition("=")[0] for word in words})
    given = [folder_of(config.records)] if config.records else None
    folders = given or record_folders()
    found = index(folders, heads=config.figure is None and config.sql is None)
    if given and not found.records:
        why = f": {': '.join(found.unread[0])}" if found.unread else ""
        raise UsageError(f"records={config.records} holds no record{why}")
    printed(_report(config, found, folders), config.report.format)
    return 0


def _check(config: HistoryConfig, given: set[str]) -> None:
    from bench.history.changes import LEAST_LEVEL

    if not LEAST_LEVEL <= config.level < 0.5:
        raise UsageError(f"level={config.level:g} must lie between {LEAST_LEVEL:g} and 0.5")
    if config.limit is not None and config.limit < 0:
        raise UsageError(f"limit={config.limit} must be 0 or more")
    if config.sql is not None:
        unused = sorted(given & {"figure", "chip", "find", "level", "limit"})
        if unused:
            raise UsageError(f"sql= replaces the other keys: leave out {unused[0]}=")
        if not config.sql.strip():
            raise UsageError("sql= is empty: such as sql='SELECT * FROM records'")
    if config.figure is None and "level" in given:
        raise UsageError("level= needs figure=")


def _report(config: HistoryConfig, found: "Index", folders: list[Path]) -> "Report":
    if config.sql is not None:
        from bench.history.sql import run_query

        return run_query(found, folders, config.sql)
    wanted = _chip(config.chip)
    if config.figure is None:
        return _listing(config, found, wanted)
    from bench.chips.load import catalogue
    from bench.history.report import history_report
    from bench.history.series import Selection, series

    followed = Selection(config.figure, wanted, config.find)
    all_series = series(found, followed, config.level, catalogue().chips)
    return history_report(all_series, SHOWN if config.limit is None else config.limit)


def _chip(word: str | None) -> str | None:
    from bench.chips.load import catalogue

    return catalogue().find(word).id if word else None


def _listing(config: HistoryConfig, found: "Index", chip: str | None) -> "Report":
    from bench.history.report import listing_report
    from bench.history.series import Selection

    wanted = Selection("", chip, config.find)
    heads = [head for head in found.heads() if wanted.fits(head)]
    heads.sort(key=lambda one: (one.started_utc, one.id), reverse=True)
    limit = SHOWN if config.limit is None else config.limit
    return listing_report(heads[:limit] if limit else heads, len(heads), found.unread)
