"""Wherever the interval lies, the verdict is the one of its position, and no ratio passes 100%."""

from hypothesis import given
from hypothesis import strategies as st

from bench.chips.load import Catalogue
from bench.judging.verdict import Row, Verdict, weigh
from bench.records.model import DeviceInfo, Measurement, Stats, Stopped, Timing, Work
from bench.report.record.summary import summary

PEAK = 148e12
SHARES = st.floats(min_value=0.01, max_value=5.0)


def _row(share: float, below: float, above: float, margin: float, sheets: Catalogue) -> Row:
    stats = Stats(
        median_s=1.0 / share,
        low_s=1.0 / (share * (1 + above)),
        high_s=1.0 / (share * (1 - below)),
        level=0.95,
        burst_s=1.0 / share,
        burst_window_s=0.01,
        samples=9,
        effective_samples=9,
    )
    timing = Timing(
        batch_calls=1,
        samples_s=(1.0 / share,) * 9,
        at_s=tuple(float(at) for at in range(9)),
        warmup_s=0.0,
        stats=stats,
        stopped=Stopped(reason="converged", precision=0.01, wanted=0.01),
    )
    measurement = Measurement(
        kernel="gemm",
        dtype="bf16",
        data="normal",
        figures=("matrix_bf16",),
        status="ok",
        work=Work(flop=PEAK, bytes=1, footprint_bytes=1, formula="2 m n k"),
        timing=timing,
    )
    device = DeviceInfo(backend="cuda", name="NVIDIA H20")
    return weigh(measurement, device, sheets.chips["nvidia-h20-sxm-96gb"], sheets, margin=margin)


@given(
    share=SHARES,
    below=st.floats(min_value=0.0, max_value=0.5),
    above=st.floats(min_value=0.0, max_value=0.5),
    margin=st.floats(min_value=0.0, max_value=0.5),
)
def test_the_verdict_is_the_position_of_the_interval(
    sheets: Catalogue, share: float, below: float, above: float, margin: float
) -> None:
    row = _row(share, below, above, margin, sheets)
    found = row.fraction
    assert found is not None
    if found.value > 1:
        expected = Verdict.IMPLAUSIBLE
    elif found.low >= 1 - margin:
        expected = Verdict.REACHED
    elif found.high < 1 - margin:
        expected = Verdict.SHORT
    else:
        expected = Verdict.UNDECIDED
    assert row.verdict is expected


@given(shares=st.lists(SHARES, max_size=5))
def test_no_summary_counts_a_ratio_above_100_percent(
    sheets: Catalogue, shares: list[float]
) -> None:
    judged = [_row(share, 0.01, 0.01, 0.1, sheets) for share in shares]
    lines = summary(judged)
    counted = [line for line in lines if not line.startswith("Implausible")]
    told = [int(word.rstrip("%.,")) for line in counted for word in line.split() if "%" in word]
    assert all(percent <= 100 for percent in told)
    plausible = [row for row in judged if row.fraction and row.fraction.value <= 1]
    assert bool(told) == bool(plausible)
    assert any(line.startswith("Implausible") for line in lines) == (len(plausible) < len(shares))


@given(share=SHARES, wider=st.floats(min_value=0.0, max_value=0.4))
def test_a_wider_interval_never_turns_short_into_reached(
    sheets: Catalogue, share: float, wider: float
) -> None:
    narrow = _row(share, 0.0, 0.0, 0.1, sheets).verdict
    wide = _row(share, wider, wider, 0.1, sheets).verdict
    assert wide in (narrow, Verdict.UNDECIDED)
