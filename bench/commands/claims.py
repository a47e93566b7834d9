"""Tests statements that compare chips."""

from typing import TYPE_CHECKING, get_args

from bench.commands.printed import printed
from bench.config import compose, positive
from bench.errors import UsageError, check_known
from bench.shapes import ClaimsConfig

if TYPE_CHECKING:
    from bench.claims.evaluate import Judgement
    from bench.claims.sensitivity import EvidenceBase
    from bench.report.text.markup import Report

HELP = """\
python -m bench claims [claim=ID] [key=value ...]

Tests statements by regulators, vendors, press and researchers that compare chips. The answer says
whether a claim holds, fails or is open. Beside it: the claimed ratio, that on paper, the measured
one, and the verdict on it: match, exceeds, falls short, inconclusive, untestable or not comparable
('exceeds' refutes a claim that a chip has only so much). sources=true and claim= have more: where
the claim holds (on paper and measured, on paper only, measured only, neither), and how many devices
would settle what is open.
A claim that speaks of paper alone (scope: paper in its file) is judged by published figures, rival
ones included. In CSV and JSON claim_answer is the answer by what decides the claim; claim_on_paper
and claim_holds say whether it holds on paper and by measurement, whichever of them decides.

  claim=            one claim in full: every pair and axis, what would change its verdict, every
                    value behind it with source, class and weight
  chip=             claims about this chip
  side=             regulator, official, 'state media', vendor, 'rival vendor', analyst,
                    researcher, press, user
  verdict=          claims with this answer (holds, fails, open) or verdict, such as untestable
  margin=           margin of equality, instead of each claim's own (0.10 for most)
  without=          classes of evidence to leave out: [vendor, user, ...]
  records=          a record, or a folder of records, to include besides the committed ones
  sources=false     true gives the list with each statement, who said it, how it was read,
                    intervals, predictions, what would change the verdict, and sources
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html

Examples
  python -m bench claims
  python -m bench claims chip=h20
  python -m bench claims verdict=fails
  python -m bench claims claim=2025-09-17-cac-domestic-comparable
  python -m bench claims side=vendor without=[vendor] report=csv

Exit code: 0 shown, 2 wrong usage, or a record or a data file has a fault.
"""


def main(words: list[str]) -> int:
    """Prints the claims, or one in full."""
    config = compose("claims", words, ClaimsConfig)
    if config.margin is not None:
        positive("margin", config.margin, 0.9)
    printed(_report(config), config.report.format)
    return 0


def _report(config: ClaimsConfig) -> "Report":
    from bench.chips.load import catalogue
    from bench.claims.evaluate import judgement
    from bench.claims.load import claim, claims
    from bench.claims.sensitivity import evidence_base
    from bench.evidence.weigh import classes
    from bench.report.chips.claimlist import claim_list, short_list
    from bench.report.chips.claims import claim_report
    from bench.report.text.footnotes import cites

    sheets, left_out = catalogue(), classes(config.without)
    one = claim(config.claim) if config.claim else None
    if one and (config.chip or config.side or config.verdict):
        raise UsageError("claim= shows one claim: leave out chip=, side= and verdict=")
    _check_words(config)
    evidence = evidence_base(config.records, left_out)
    if one is not None:
        return claim_report(judgement(one, evidence.whole, sheets, config.margin), evidence)
    judged = (judgement(one, evidence.whole, sheets, config.margin) for one in claims().values())
    wanted = [one for one in judged if _wanted(one, config, evidence)]
    if cites(config.report.format, sources=config.sources):
        return claim_list(wanted, evidence)
    return short_list(wanted)


def _check_words(config: ClaimsConfig) -> None:
    """Refuses an unknown side, answer or verdict."""
    from bench.claims.judge import Answer, Word
    from bench.claims.model import Claim

    sides = get_args(Claim.model_fields["side"].annotation)
    verdicts = [one.value for one in (*Answer, *Word)]
    for key, given, words in (
        ("side", config.side, sides),
        ("verdict", config.verdict, verdicts),
    ):
        check_known(key, given or None, words)


def _wanted(judgement: "Judgement", config: ClaimsConfig, evidence: "EvidenceBase") -> bool:
    """Returns whether a claim passes ``chip=``, ``side=`` and ``verdict=``."""
    claim = judgement.claim
    if config.chip:
        named = evidence.catalogue.find(config.chip).id
        if named not in (*claim.subjects, *claim.objects):
            return False
    words = (None, judgement.answer.value, judgement.word.value)
    return config.side in (None, claim.side) and config.verdict in words
