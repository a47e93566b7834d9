"""Records of one device, and those that may be: nothing in them tells their devices apart."""

from collections.abc import Hashable, Iterator, Sequence

from bench.records.model import Record
from bench.verification.fleet import Member

NAMED = 8


def repeats(
    kinds: Sequence[Sequence[Member]],
) -> tuple[list[list[Member]], list[list[Member]]]:
    """Returns the records of one device among those of a kind, in sets; and those that may be.

    A serial's hash tells devices apart, and so does the name of a node with the device's index. A
    CPU's hash is of its system, which copies of an image share: there the node's name counts.
    Without either, records that share PCI id, backend, index, driver and name may be of one.
    """
    sure: dict[Hashable, list[Member]] = {}
    open_: dict[Hashable, list[Member]] = {}
    for number, one in ((number, one) for number, kind in enumerate(kinds) for one in kind):
        known = _known(one.record)
        alike = open_ if known is None else sure
        alike.setdefault((number, known or _likeness(one.record)), []).append(one)
    return _several(sure), _several(open_)


def _known(record: Record) -> tuple[str | int | None, ...] | None:
    device, node = record.device, record.machine.node
    if device.uid and not (device.backend == "cpu" and node):
        return (device.uid,)
    return (node, device.backend, device.index) if node else None


def _likeness(record: Record) -> tuple[str | int | None, ...]:
    device = record.device
    return (device.pci, device.backend, device.index, device.driver, device.name)


def _several(found: dict[Hashable, list[Member]]) -> list[list[Member]]:
    return [members for members in found.values() if len(members) > 1]


def warnings(kinds: Sequence[Sequence[Member]]) -> Iterator[str]:
    """Yields the warnings that records of a kind are, or look like, repeats of one device."""
    sure, open_ = repeats(kinds)
    count = sum(map(len, kinds))
    if sure:
        yield (
            f"{_count(sure)} of {count} records are repeats: their serial's hash, or node "
            f"and index, is that of another: {_sets(sure)}. Repeats are counted as devices, and "
            "any bound below is too low: leave one record a device in the folder."
        )
    if open_:
        yield (
            f"{_count(open_)} of {count} records may be repeats of the same device, because "
            f"name, PCI id, backend, index and driver are the same: {_sets(open_)}. These records "
            "hold no serial number, so that it cannot be told; the PCI id is that of the model. "
            "Repeats would be counted as devices, and any bound below would be too low."
        )


def _count(sets: Sequence[Sequence[Member]]) -> int:
    return sum(map(len, sets))


def _sets(found: Sequence[Sequence[Member]]) -> str:
    more = f"; and {len(found) - NAMED} sets more" if len(found) > NAMED else ""
    return f"{'; '.join(map(_named, found[:NAMED]))}{more}"


def _named(found: Sequence[Member]) -> str:
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{', '.join(one.name for one in found[:NAMED])}{more}"
