"""A ruling in words: which line decided, how far away it is, what is missing."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bench.rules.attributes import KINDS
from bench.rules.ruling import Ruling
from bench.rules.trace import Trace
from bench.rules.truth import Truth

NEAR = 0.05
"""A margin below this share of the threshold is called near."""


def reason(ruling: Ruling) -> str:
    """Returns why a rule catches a chip, does not, or leaves it unknown."""
    unknown = [
        trace for outcome, trace in ruling.traces if trace.truth is Truth.UNKNOWN and outcome.when
    ]
    if unknown:
        return "; ".join(dict.fromkeys(_missing(unknown)))
    met = [trace for outcome, trace in ruling.traces if trace.truth is Truth.YES and outcome.when]
    decisive = _decisive(met[-1]) if met else nearest([trace for _, trace in ruling.traces])
    return "; ".join(dict.fromkeys(_in_words(one) for one in decisive))


def _decisive(trace: Trace) -> list[Trace]:
    """Returns what made a predicate true: the comparison of least margin for each attribute."""
    if trace.words == "not":
        return list(leaves(trace))
    return _closest(one for one in leaves(trace) if one.truth is Truth.YES)


def _closest(found: Iterable[Trace]) -> list[Trace]:
    """Returns the trace nearest to its threshold for each attribute, in order of appearance."""
    closest: dict[str, Trace] = {}
    for one in found:
        name = one.title or one.words
        if name not in closest or abs(one.margin or 0.0) < abs(closest[name].margin or 0.0):
            closest[name] = one
    return list(closest.values())


def asks_chips(ruling: Ruling) -> bool:
    """Returns whether a rule tested the chip at all; one on memory sold separately does not."""
    refused = {
        part.title for _, trace in ruling.traces for part in leaves(trace) if part.truth is Truth.NO
    }
    return KINDS["standalone_memory"].title not in refused


def missed_by_numbers(ruling: Ruling) -> bool:
    """Returns whether only numbers keep a chip out, and neither its maker nor its purpose."""
    not_numbers = (one for _, trace in ruling.traces for one in leaves(trace) if one.margin is None)
    return all(one.truth is not Truth.NO for one in not_numbers)


def leaves(trace: Trace) -> Iterator[Trace]:
    """Yields the comparisons and flags of a trace, from left to right."""
    if not trace.parts:
        yield trace
    for part in trace.parts:
        yield from leaves(part)


def nearest(traces: list[Trace], most: int = 2) -> list[Trace]:
    """Returns the unmet conditions that are nearest to being met, one for each attribute."""
    unmet = [one for trace in traces for one in _preventing(trace)]
    compared = [one for one in _closest(unmet) if one.margin is not None]
    ordered = sorted(compared, key=lambda leaf: abs(leaf.margin or 0.0))
    return ordered[:most] or _closest(unmet)[:most]


def _preventing(trace: Trace) -> Iterator[Trace]:
    """Yields the unmet comparisons and flags that keep a trace from being met.

    An unmet line of an ``any of`` that another line meets keeps nothing from being met.
    """
    if trace.truth is not Truth.NO:
        return
    if not trace.parts:
        yield trace
    for part in trace.parts:
        yield from _preventing(part)


def near_lines(ruling: Ruling) -> list[str]:
    """Returns the lines that the chip comes close to, on either side."""
    found = [
        f"{one.title} {one.margin_words}"
        for _, trace in ruling.traces
        for one in leaves(trace)
        if one.margin is not None and abs(one.margin) < NEAR
    ]
    return list(dict.fromkeys(found))


def _in_words(one: Trace) -> str:
    value = f"{one.value} ({one.computed})" if one.computed else one.value
    return f"{one.title} {value}, {one.margin_words}" if one.margin_words else one.found


def _missing(traces: list[Trace]) -> Iterator[str]:
    for trace in traces:
        for one in leaves(trace):
            if one.truth is Truth.UNKNOWN:
                yield _unknown(one)
        if trace.doubt:
            lines = replace(trace, truth=Truth.YES, parts=trace.parts[:-1])
            met = "; ".join(_in_words(one) for one in _decisive(lines))
            yield f"{met}; whether that counts is not certain ({trace.doubt})"


def _unknown(one: Trace) -> str:
    return f"{one.title} {one.found}, {one.why}" if one.why else one.found
