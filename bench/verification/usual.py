"""What other chips usually reach of the figures of one, beside what was measured of it here."""

from dataclasses import dataclass

from bench.claims.sensitivity import bench_of
from bench.report.evidence import usual
from bench.verdict import Row


@dataclass(frozen=True)
class Usual:
    """What other chips reach of their own sheets.

    Attributes:
        share: the middle of the best share of each, measured or reported over published.
        chips: how many others there are.
    """

    share: float
    chips: int

    def __str__(self) -> str:
        """Renders it in words: ``82% (37 chips)``."""
        return f"{self.share:.0%} ({self.chips} chip{'s' if self.chips != 1 else ''})"


def usual_of(key: str, but: str) -> Usual | None:
    """Returns what chips usually reach of a figure, None where no other chip is known.

    Args:
        key: the figure.
        but: the chip that is left out, by its id; empty for none.
    """
    bench = bench_of()
    share = usual(key, bench, but)
    others = {one.chip for one in bench.whole.voices(key) if one.fraction and one.chip != but}
    return Usual(share, len(others)) if share else None


def is_usual(row: Row, others: Usual, margin: float) -> bool:
    """Tells whether a row's burst lies at or above the others' share, less a relative margin.

    Others publish their best rates, so that the burst is set beside them.
    """
    reached = burst_share(row)
    return reached is not None and reached >= others.share * (1 - margin)


def burst_share(row: Row) -> float | None:
    """Returns the burst over the published figure, None where one of them is lacking."""
    if row.burst is None or row.fraction is None or row.measured is None or not row.measured.value:
        return None
    return row.fraction.value * row.burst / row.measured.value
