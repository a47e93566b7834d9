"""Notes on predictions in which prefill has chips of its own."""

from collections.abc import Iterator, Sequence

from bench.predict.forecast import Prediction
from bench.report.duration import duration

NOTE = (
    "Prefill and decode on chips of their own (disaggregated): tokens/s are the lower of what both "
    "sides sustain, TPOT has no prefills in it, and TTFT is a prefill by itself and the transfer "
    "of the prompt's cache ({}). Requests: those that decode. Equal shares of a side's dp make its "
    "workers."
)


def apart_lines(found: Sequence[Prediction]) -> Iterator[str]:
    """Yields what the columns mean where prefill has chips of its own."""
    times = [float(one.prefill.transfer_s[0]) for one in found if one.prefill]
    if not times:
        return
    low, high = (duration(one, 2) for one in (min(times), max(times)))
    yield NOTE.format(low if low == high else f"{low} to {high}")
