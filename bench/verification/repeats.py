"""Records that may be of one device: nothing that they hold tells their devices apart."""

from collections.abc import Sequence

from bench.verification.fleet import Member

NAMED = 8


def repeats(members: Sequence[Member]) -> list[list[Member]]:
    """Returns the records that share PCI id, backend, index, driver and name, in sets."""
    alike: dict[tuple[str | int | None, ...], list[Member]] = {}
    for one in members:
        device = one.record.device
        key = (device.pci, device.backend, device.index, device.driver, device.name)
        alike.setdefault(key, []).append(one)
    return [found for found in alike.values() if len(found) > 1]


def warning(members: Sequence[Member]) -> str:
    """Returns the warning that records look like repeats of one device; empty where none do."""
    found = repeats(members)
    if not found:
        return ""
    count, sets = sum(map(len, found)), "; ".join(map(_named, found[:NAMED]))
    more = f"; and {len(found) - NAMED} sets more" if len(found) > NAMED else ""
    return (
        f"{count} of {len(members)} records may be repeats of the same device, because name, PCI "
        f"id, backend, index and driver are the same: {sets}{more}. The records hold no serial "
        "number, so that it cannot be told; the PCI id is that of the model. Repeats would be "
        "counted as devices, and any bound below would be too low."
    )


def _named(found: Sequence[Member]) -> str:
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{', '.join(one.name for one in found[:NAMED])}{more}"
