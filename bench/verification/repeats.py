"""Finds records that may be repeats of one device, because nothing in them identifies it."""

from collections.abc import Hashable, Iterator, Sequence

from bench.records.model import Record
from bench.verification.fleet import Member
from bench.verification.fleetread import known_device
from bench.words import some_of

NAMED = 8
"""Maximum number of devices, and of sets, that a warning names."""


def repeats(kinds: Sequence[Sequence[Member]]) -> list[list[Member]]:
    """Returns sets of records of one kind that may be repeats of one device.

    They have neither a hash of a serial number nor a node's name, and share PCI id, backend, index,
    driver and name.
    """
    alike: dict[Hashable, list[Member]] = {}
    for number, kind in enumerate(kinds):
        for member in kind:
            if known_device(member.record) is None:
                alike.setdefault((number, _likeness(member.record)), []).append(member)
    return [members for members in alike.values() if len(members) > 1]


def _likeness(record: Record) -> tuple[str | int | None, ...]:
    device = record.device
    return (device.pci, device.backend, device.index, device.driver, device.name)


def warnings(kinds: Sequence[Sequence[Member]]) -> Iterator[str]:
    """Yields a warning if records of a kind may be repeats of one device."""
    sets = repeats(kinds)
    if sets:
        yield (
            f"{_count(sets)} of {sum(map(len, kinds))} records may be repeats of the same device, "
            f"because name, PCI id, backend, index and driver are the same: {_listed(sets)}. These "
            "records hold no serial number, so this cannot be determined; the PCI id is that of "
            "the model. Each is counted as a device: if they are repeats, bounds are too low. "
            "node= in each run tells them apart."
        )


def _count(sets: Sequence[Sequence[Member]]) -> int:
    return sum(map(len, sets))


def _listed(sets: Sequence[Sequence[Member]]) -> str:
    return some_of([*map(_named, sets)], NAMED, "; ", "; and {} sets more")


def _named(members: Sequence[Member]) -> str:
    return some_of([one.name for one in members], NAMED)
