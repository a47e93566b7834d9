"""What share of a published figure other chips usually reach, and comparison with one device."""

from dataclasses import dataclass

from bench.claims.sensitivity import evidence_base
from bench.judging.verdict import Row
from bench.report.chips.evidence import usual_share
from bench.words import counted


@dataclass(frozen=True)
class Usual:
    """What other chips usually reach of one figure of their own sheets.

    Attributes:
        share: median over the chips of each chip's best share, measured or reported over published.
        chips: number of other chips.
    """

    share: float
    chips: int

    def __str__(self) -> str:
        """Returns it in words: ``82% (37 chips)``."""
        return f"{self.share:.0%} ({counted(self.chips, 'chip')})"


def usual_of(key: str, excluded: str) -> Usual | None:
    """Returns what chips usually reach of a figure, None if no other chip is known.

    Args:
        key: key of the figure.
        excluded: id of the chip that is left out; empty for none.
    """
    evidence = evidence_base()
    share = usual_share(key, evidence, excluded)
    others = {
        one.chip for one in evidence.whole.votes(key) if one.fraction and one.chip != excluded
    }
    return Usual(share, len(others)) if share else None


def is_usual(row: Row, others: Usual, margin: float) -> bool:
    """Tells whether a row's burst share is at least that of others, less a relative margin.

    The burst is compared, because others publish their best rates.
    """
    reached = burst_share(row)
    return reached is not None and reached >= others.share * (1 - margin)


def burst_share(row: Row) -> float | None:
    """Returns the burst rate over the published figure, None if one of them is missing."""
    if row.burst is None or row.fraction is None or row.measured is None or not row.measured.value:
        return None
    return row.fraction.value * row.burst / row.measured.value
