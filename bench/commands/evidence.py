"""Lists everything that was measured on a chip."""

from typing import TYPE_CHECKING, get_args

from bench.commands.printed import printed
from bench.config import compose
from bench.errors import UsageError, did_you_mean
from bench.shapes import EvidenceConfig

if TYPE_CHECKING:
    from bench.report.text.markup import Report

HELP = """\
python -m bench evidence chip=NAME [key=value ...]

Lists all that is known of a chip's figures: what is published, with rival figures; what our own
records and others measured, as a fraction of it; the estimate pooled from all who measured, with an
interval; and every value behind it with its source, class, weight and the reason for the weight. On
a terminal and with report=plain, single values are only counted, unless figure= or work= asks for
one kind; report=csv lists all.

  chip=             an id, alias or local name
  figure=           one figure only, such as matrix_bf16
  work=             one kind of work only: prefill, decode, serving, training, inference,
                    attention, collective, product
  records=          a record, or a folder of records, to include besides the committed ones
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html

Examples
  python -m bench evidence chip=h20
  python -m bench evidence chip=h20 figure=matrix_fp8
  python -m bench evidence chip=910c work=decode report=json

Exit code: 0 shown, 2 wrong usage, or a record or a data file has a fault.
"""

UNMEASURED = ("cycle_", "clock_", "price_")
"""Prefixes of figures that no measurement tests; a misspelt word must not match them."""


def main(words: list[str]) -> int:
    """Prints the evidence of one chip."""
    config = compose("evidence", words, EvidenceConfig)
    if not config.chip:
        raise UsageError("which chip? give chip=, such as chip=h20")
    if config.figure and config.work:
        raise UsageError("give figure= or work=, not both")
    printed(_report(config), config.report.format)
    return 0


def _report(config: EvidenceConfig) -> "Report":
    from bench.chips.figures import FIGURES
    from bench.chips.load import catalogue
    from bench.claims.model import Phase
    from bench.claims.sensitivity import evidence_base
    from bench.report.chips.evidence import evidence_report
    from bench.report.formats import format_of

    works = (*get_args(Phase), "product")
    for key, given, words in (("figure", config.figure, FIGURES), ("work", config.work, works)):
        if given and given not in words:
            measured = [word for word in words if not word.startswith(UNMEASURED)]
            raise UsageError(f"no {key} {given!r}: {did_you_mean(given, measured)}")
    sheets = catalogue()
    chip = sheets.find(config.chip or "")
    evidence = evidence_base(config.records)
    is_brief = format_of(config.report.format).reader == "person"
    return evidence_report(chip, evidence, config.figure, config.work, is_brief=is_brief)
