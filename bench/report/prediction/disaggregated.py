"""Notes on predictions in which prefill has chips of its own, and on the choice of that."""

from collections.abc import Iterator, Sequence

from bench.predict.forecast import Prediction
from bench.predict.validation.chiperrors import SEEN, errors
from bench.predict.validation.errorfile import SIDES
from bench.words import duration, some_of

NOTE = (
    "Prefill and decode on chips of their own (disaggregated): tokens/s are the least of what the "
    "chips for prefill, the transfer of a prompt's cache ({}) and the chips that decode sustain; "
    "limited by names prefill or transfer where it is one of those. TPOT has no prefills in it, "
    "and TTFT is a prefill by itself and the transfer. Requests: those that decode, at most. dp of "
    "a side: its workers, or with ep the chips that share experts."
)
PARTS = {one: f"disaggregated serving, {one}" for one in ("TPOT", "tokens/s")}
"""Parts of the validation, by what they test; TTFT was fitted on its runs."""
MOST = 4
"""At most this many points with fewer requests are named."""


def disaggregated_lines(found: Sequence[Prediction]) -> Iterator[str]:
    """Yields what the columns mean where prefill has chips of its own, and how it was tested."""
    times = [float(one.prefill.transfer_s[0]) for one in found if one.prefill]
    if not times:
        return
    low, high = (duration(one, 2) for one in (min(times), max(times)))
    yield NOTE.format(low if low == high else f"{low} to {high}")
    yield from _waiting_lines(found)
    parts = {name: errors().get(f"{part}{SEEN}") for name, part in PARTS.items()}
    tested = [f"{name} {_off(one)}" for name, one in parts.items() if one]
    if tested:
        count = max(_count(one) for one in parts.values() if one)
        yield (
            f"Tested on {count:,} disaggregated runs of others, without a refit (median error): "
            f"{'; '.join(tested)} (few waiting). They had both sides on one kind of chip."
        )


def _waiting_lines(found: Sequence[Prediction]) -> Iterator[str]:
    """Yields how many of the requests decode at a time, where the rate does not keep all there."""
    fewer = [
        f"{one.chip.chip} {decoding:,.0f} of {asked:,.0f}"
        for one in found
        if one.prefill
        for decoding, asked in zip(one.prefill.decoding, one.scenario.batch, strict=True)
        if round(decoding) < asked
    ]
    if fewer:
        yield (
            "Where prefill or transfer limits the rate, only as many requests decode at a time as "
            f"it supplies, and TPOT and J/token are those with them: {some_of(fewer, MOST)}."
        )


def side_tested() -> Iterator[str]:
    """Yields how well it was chosen whether prefill has chips of its own."""
    part = errors().get(f"{SIDES}{SEEN}")
    if part:
        together, disaggregated = (1 - rival[0] for rival in part["rivals"])
        yield (
            f"Whether prefill has chips of its own, tested on {_count(part)} choices on "
            f"{part['chips']} chips: the side chosen gave {1 - part['mean']:.0%} of the better "
            f"side's rate on average; always the same chips {together:.0%}, always chips of its "
            f"own {disaggregated:.0%}."
        )


def _off(part: dict[str, float]) -> str:
    """Returns the median error of a part, and its bias if it is 3% or more."""
    bias = part["bias"]
    side = f", {abs(bias):.0%} too {'high' if bias > 0 else 'low'}" if abs(bias) >= 0.03 else ""
    return f"{part['median']:.0%}{side}"


def _count(part: dict[str, dict[str, dict[str, int]]]) -> int:
    """Returns the number of cases of a part."""
    return sum(one["count"] for one in part["each"].values())
