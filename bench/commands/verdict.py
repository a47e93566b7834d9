"""Compares chips with each other, on paper and in measurement."""

from typing import TYPE_CHECKING

from bench.commands.printed import printed
from bench.config import compose, positive
from bench.errors import UsageError, did_you_mean
from bench.shapes import VerdictConfig

if TYPE_CHECKING:
    from bench.chips.model import Chip
    from bench.claims.sensitivity import EvidenceBase
    from bench.report.text.markup import Report

HELP = """\
python -m bench verdict chips=[A,B] [key=value ...]
python -m bench verdict baseline=NAME [chips=[...]] [key=value ...]

Two chips: every figure and kind of work with any data, on paper and measured, with the test's
verdict, what each chip reaches of its own sheet, a summary in sentences, and what would change the
verdicts. A baseline: a matrix of chips by figures, each with its ratio on paper, its measured
ratio, and the first divided by the second: above 1, paper overstates the chip.

  chips=            two chips; with baseline= any number, by ids, names, groups (export-tier,
                    domestic) or patterns; default: all with a figure measured on both
  baseline=         the chip that the others are divided by
  figures=          these figures only, or kinds of work: prefill, decode and serving of language
                    models, training; of two chips also attention, collective, and inference
                    (models that generate no text, such as video or images)
  margin=0.10       how far a ratio may be from 1 and still count as equal
  without=          classes of evidence to leave out: [vendor, user, ...]
  rows=false        true adds every value used, with source, class, weight and the reason for it
  records=          a record, or a folder of records, to include besides the committed ones
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html

Examples
  python -m bench verdict chips=[h20,h100]
  python -m bench verdict chips=[910b2,a100] rows=true
  python -m bench verdict chips=[910c,h20] figures=[matrix_bf16,memory_bandwidth]
  python -m bench verdict baseline=h20
  python -m bench verdict baseline=h20 chips=domestic figures=[matrix_bf16,memory_bandwidth,decode]

Exit code: 0 shown, 2 wrong usage, or a record or a data file has a fault.
"""


def main(words: list[str]) -> int:
    """Prints a pair or a matrix."""
    config = compose("verdict", words, VerdictConfig)
    positive("margin", config.margin, 0.9)
    printed(_report(config), config.report.format)
    return 0


def _report(config: VerdictConfig) -> "Report":
    from bench.chips.load import catalogue
    from bench.chips.select import select
    from bench.claims.sensitivity import evidence_base
    from bench.evidence.weigh import classes
    from bench.report.chips.verdicts import pairing, verdict_report

    sheets, left_out = catalogue(), classes(config.without)
    words = config.chips
    two_names = len(words) == 2 and all(sheets.named(word) for word in words)
    pair = {sheets.find(word).id: sheets.find(word) for word in words} if two_names else {}
    chosen = list(pair.values()) or select(words, sheets)  # of two names, each is one chip
    base = sheets.find(config.baseline) if config.baseline else None
    if base is None:
        _check_pair(chosen)
    _check_figures(config)
    evidence = evidence_base(config.records, left_out)
    if base is None:
        found = pairing(chosen[0], chosen[1], evidence, config.margin, config.figures)
        return verdict_report(found, evidence, rows=config.rows)
    return _matrix(config, chosen, base, evidence)


def _check_pair(chosen: "list[Chip]") -> None:
    """Refuses any number of chips but two."""
    if len(chosen) != 2:
        count = len(chosen)
        named = "1 chip is named" if count == 1 else f"{count or 'no'} chips are named"
        raise UsageError(f"{named}: give two, such as chips=[h20,h100], or baseline=h20")


def _check_figures(config: VerdictConfig) -> None:
    """Refuses what is neither a figure nor a kind of work that is compared."""
    from bench.chips.figures import FIGURES
    from bench.report.chips.matrix import FIGURED, WORKED
    from bench.report.chips.verdicts import WORKS

    works = WORKED if config.baseline else WORKS
    for key in config.figures:
        if key not in FIGURES and key not in works:
            near = did_you_mean(key, (*FIGURES, *works), (*FIGURED, *works))
            raise UsageError(f"no figure or kind of work {key!r}: {near}")


def _matrix(
    config: VerdictConfig, chosen: "list[Chip]", base: "Chip", evidence: "EvidenceBase"
) -> "Report":
    from bench.report.chips.matrix import FIGURED, matrix

    if config.rows:
        raise UsageError("rows= needs verdict chips=[A,B]: a matrix has too many")
    others = [one for one in chosen if one.id != base.id]
    if chosen and not others:
        raise UsageError(f"{base.id} alone: name another chip in chips=")
    figures = tuple(config.figures) or FIGURED
    return matrix(others or None, base, evidence, figures, config.margin)
