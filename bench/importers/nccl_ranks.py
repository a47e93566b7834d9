"""The devices of a test of nccl-tests: how many, of what name, on how many nodes."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from bench.importers.base import Stated, quoted

ROUNDING = Decimal("0.005")
"""Rates are printed with two decimals, in GB/s."""


class Rank(NamedTuple):
    """A line of the ranks that took part; empty where the output does not say."""

    group: str
    host: str
    device: str


def device_count(ranks: Sequence[Rank], devices_per_rank: int, stated: Stated) -> int:
    """Returns the number of devices in one group, which work together and reach the rate.

    Raises:
        NotUnderstood: neither the output nor ``count=`` tells, or they contradict each other.
    """
    groups = len({rank.group for rank in ranks}) or 1
    listed = len(ranks) * devices_per_rank // groups
    if not (stated.count or listed):
        raise stated.fault("no devices are listed", "give count=, the devices that took part")
    if stated.count and listed and stated.count != listed:
        problem = f"count={stated.count}, but the output lists {listed} devices"
        raise stated.fault(problem, "leave count= out")
    return stated.count or listed


def check_bus_factor(
    program: str, count: int, rates: tuple[Decimal, Decimal], stated: Stated, line: int | None
) -> None:
    """Raises if bus over algorithm bandwidth is not what so many devices give.

    An all-reduce of n devices counts 2(n - 1)/n, operations in which each device keeps its own
    share (n - 1)/n (``PERFORMANCE.md`` of nccl-tests).

    Args:
        program: name of the program, without ``_perf``.
        count: n.
        rates: algorithm and bus bandwidth, as printed.
        stated: says which file it is.
        line: line of the rates; None in JSON.

    Raises:
        NotUnderstood: as above.
    """
    algorithm, bus = rates
    share = Decimal(count - 1) / count
    shares = dict.fromkeys(("all_gather", "reduce_scatter", "alltoall"), share)
    factor = {**shares, "all_reduce": 2 * share}.get(program, Decimal(1))
    if abs(bus - factor * algorithm) > ROUNDING * (1 + factor) + bus / 1000:
        problem = f"busbw {bus} is not {factor:.3f} times algbw {algorithm}, as of {count} devices"
        raise stated.fault(problem, "check count= and the list of ranks", line)


def device_name(ranks: Sequence[Rank], stated: Stated) -> str | None:
    """Returns the name of the devices, None if the output has none.

    Raises:
        NotUnderstood: the devices have several names, so that the rate is of no single chip.
    """
    names = sorted({rank.device for rank in ranks if rank.device})
    if len(names) > 1:
        listed = ", ".join(quoted(name) for name in names)
        raise stated.fault(f"it is of several devices: {listed}", "run it on devices of one kind")
    return names[0] if names else None


def scope(ranks: Sequence[Rank]) -> str:
    """Returns over how many nodes a test ran; empty where the output does not say."""
    nodes = len({rank.host for rank in ranks if rank.host})
    return "" if not nodes else "1 node" if nodes == 1 else f"{nodes} nodes"
