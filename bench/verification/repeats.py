"""Records that may be of one device: nothing in them tells their devices apart."""

from collections.abc import Hashable, Iterator, Sequence

from bench.records.model import Record
from bench.verification.fleet import Member, known_device

NAMED = 8


def repeats(kinds: Sequence[Sequence[Member]]) -> list[list[Member]]:
    """Returns the records of a kind that may be of one device, in sets.

    Those without a serial's hash and a node's name that share PCI id, backend, index, driver and
    name.
    """
    found: dict[Hashable, list[Member]] = {}
    for number, one in ((number, one) for number, kind in enumerate(kinds) for one in kind):
        if known_device(one.record) is None:
            found.setdefault((number, _likeness(one.record)), []).append(one)
    return [members for members in found.values() if len(members) > 1]


def _likeness(record: Record) -> tuple[str | int | None, ...]:
    device = record.device
    return (device.pci, device.backend, device.index, device.driver, device.name)


def warnings(kinds: Sequence[Sequence[Member]]) -> Iterator[str]:
    """Yields the warning that records of a kind look like repeats of one device."""
    found = repeats(kinds)
    if found:
        yield (
            f"{_count(found)} of {sum(map(len, kinds))} records may be repeats of the same device, "
            f"because name, PCI id, backend, index and driver are the same: {_sets(found)}. These "
            "records hold no serial number, so this cannot be determined; the PCI id is that of "
            "the model. Each is counted as a device: if they are repeats, bounds are too low. "
            "node= in each run tells them apart."
        )


def _count(sets: Sequence[Sequence[Member]]) -> int:
    return sum(map(len, sets))


def _sets(found: Sequence[Sequence[Member]]) -> str:
    more = f"; and {len(found) - NAMED} sets more" if len(found) > NAMED else ""
    return f"{'; '.join(map(_named, found[:NAMED]))}{more}"


def _named(found: Sequence[Member]) -> str:
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{', '.join(one.name for one in found[:NAMED])}{more}"
