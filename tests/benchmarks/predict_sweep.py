"""Times predictions: one after start, and a sweep of 10,000 points over 100 chips.

    python tests/benchmarks/predict_sweep.py [points] [chips]

Without torch; the fit is read from its file.
"""

import sys
import time

import numpy as np

from bench.chips.load import catalogue
from bench.errors import UsageError
from bench.predict.forecast import forecast
from bench.predict.learning.learn import load
from bench.predict.model.facts import all_facts
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import precision
from bench.predict.ratio import ratio
from bench.predict.scenario import Scenario
from bench.workloads.load import workload


def main() -> int:
    """Prints the seconds of both."""
    points, count = [int(one) for one in sys.argv[1:3]] or [10_000, 100]
    chips = [
        one for one in all_facts(catalogue()).values() if "bf16" in one.peaks and one.bandwidth
    ]
    known, model = load(), workload("llama-3.1-70b")
    batch = np.linspace(1, 256, points).round()
    asked = Scenario(
        model, "decode", precision("bf16"), Parallel(), batch, 0 * batch + 4096.0, 0 * batch
    )
    base = forecast(chips[0], asked, known)
    start = time.perf_counter()
    told = 0
    for place in range(count):
        try:
            found = forecast(chips[place % len(chips)], asked, known)
        except UsageError:
            continue
        _ = ratio(found, base, known).bounds(0.95), found.half(0.95)
        told += len(found.tokens_per_s)
    took = time.perf_counter() - start
    sizes = np.array([32.0]), np.array([2048.0]), np.array([512.0])
    one = Scenario(model, "serve", precision("bf16"), Parallel(), *sizes)
    start = time.perf_counter()
    forecast(chips[0], one, known)
    single = time.perf_counter() - start
    assert "torch" not in sys.modules
    print(f"{told:,} predictions in {took:.2f} s; one in {single * 1e3:.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
