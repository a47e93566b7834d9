"""What a device reports, compared with a sheet; each tolerance has its reason here."""

from collections.abc import Callable, Iterator

from bench.chips.load import Catalogue
from bench.chips.match import MEMORY_LEAST, MEMORY_MOST, memory_sizes, name_fits
from bench.chips.model import Chip
from bench.chips.vendors import vendor_behind, vendors
from bench.identity.evidence import Agreement, Evidence, sizes, values, values_text
from bench.records.model import DeviceInfo
from bench.units import Dimension, show

CACHE_EQUAL = 0.05
"""Relative difference of equal caches: they are printed in MB and reported in MiB, 4.9% apart."""
CACHE_NEAR = 0.25
"""Sheets and drivers differ by up to a fifth on a die's cache (50 and 60 MiB for a GH100)."""
MAX_CACHE_PARTS = 8
"""Most parts of a cache: a driver may report the cache of one die or partition."""
MIN_CLOCK_RATIO, MAX_CLOCK_RATIO = 0.90, 1.02
"""Drivers round clocks to steps of 15 MHz; a board's limit may be a tenth lower."""
POWER_EQUAL = 0.01
MAX_POWER_RATIO = 1.5
"""No board's limit can be raised further above its power; users may raise it up to this."""

Check = Callable[[DeviceInfo, Chip, Catalogue], Iterator[Evidence]]


def reported(device: DeviceInfo, chip: Chip, catalogue: Catalogue) -> Iterator[Evidence]:
    """Yields a piece of evidence for each thing that the device reports."""
    for check in _CPU if device.backend == "cpu" else _ACCELERATOR:
        yield from check(device, chip, catalogue)


def _name(device: DeviceInfo, chip: Chip, _: Catalogue) -> Iterator[Evidence]:
    expected = " or ".join(chip.identity.names)
    fits = name_fits(device.name, chip)
    finding, why = Agreement.DIFFERS, "no device of the sheet is known by this name"
    if not expected:
        finding, why = Agreement.UNKNOWN, "the sheet knows no name of a device"
    elif fits:
        finding, why = Agreement.FITS, "a name can be rewritten: it proves little"
    yield Evidence("name", device.name, expected, finding, why, rewritable=True)


def _vendor(device: DeviceInfo, chip: Chip, _: Catalogue) -> Iterator[Evidence]:
    behind = vendor_behind(device.name, device.pci, device.markers)
    if behind and behind != chip.vendor:
        names = vendors()
        expected = names[chip.vendor].name if chip.vendor in names else chip.vendor
        why = "its PCI vendor, name or torch build is another vendor's"
        yield Evidence("vendor", names[behind].name, expected, Agreement.IMPOSSIBLE, why)


def _pci(device: DeviceInfo, chip: Chip, catalogue: Catalogue) -> Iterator[Evidence]:
    if device.pci is None:
        return
    owners = [other.name for other in catalogue.chips.values() if device.pci in other.identity.pci]
    expected = " or ".join(chip.identity.pci)
    finding, why = Agreement.UNKNOWN, "the sheet lists no PCI id"
    if device.pci in chip.identity.pci:
        finding, why = Agreement.FITS, "an id of the sheet"
    elif owners:
        finding, why = Agreement.IMPOSSIBLE, f"the id of {' and '.join(owners)}"
    elif expected:
        finding, why = Agreement.DIFFERS, "no sheet lists this id"
    yield Evidence("PCI id", device.pci, expected, finding, why, rewritable=True)


def _units(device: DeviceInfo, chip: Chip, _: Catalogue) -> Iterator[Evidence]:
    if device.units is None:
        return
    printed = [round(value) for value in values(chip, "units")]
    finding, why = Agreement.UNKNOWN, "the sheet has no count"
    if device.units in printed:
        finding, why = (
            Agreement.FITS,
            "units are fused off when the chip is made: the count is exact",
        )
    elif printed and device.units > max(printed):
        finding, why = Agreement.IMPOSSIBLE, "no chip has more units than its sheet"
    elif printed and is_partition(device):
        why = "a partition has a part of them"
    elif printed:
        finding, why = Agreement.DIFFERS, "fewer: another chip, or a partition of this one"
    expected = values_text(printed, "units")
    yield Evidence("compute units", str(device.units), expected, finding, why, "units")


def _memory(device: DeviceInfo, chip: Chip, _: Catalogue) -> Iterator[Evidence]:
    if device.memory_bytes is None:
        return
    finding, why, expected = weigh_memory(device.memory_bytes, chip)
    if finding is Agreement.DIFFERS and is_partition(device):
        finding, why = Agreement.UNKNOWN, "a partition has a part of it"
    seen = f"{device.memory_bytes / 2**30:.1f} GiB"
    yield Evidence("memory", seen, expected, finding, why, "memory_capacity")


def weigh_memory(size_bytes: float, chip: Chip) -> tuple[Agreement, str, str]:
    """Returns finding, reason and expected size for a memory of ``size_bytes``.

    A size printed in GB means GiB; driver and error correction reserve up to a tenth. Another size
    is never impossible, because boards can be refitted with other memory.
    """
    nominal = memory_sizes(chip, rivals=True)
    expected = sizes(chip, "memory_capacity")
    if not nominal:
        return Agreement.UNKNOWN, "the sheet has no size", expected
    if any(MEMORY_LEAST <= size_bytes / size <= MEMORY_MOST for size in nominal):
        return Agreement.FITS, f"{MEMORY_LEAST:.0%} to {MEMORY_MOST:.0%} of GiB are usual", expected
    share = size_bytes / nominal[0]
    return Agreement.DIFFERS, f"{share:.0%} of it: another variant, or refitted", expected


def _bus(device: DeviceInfo, chip: Chip, _: Catalogue) -> Iterator[Evidence]:
    if device.memory_bus_bit is None:
        return
    printed = values(chip, "memory_bus")
    finding, why = Agreement.UNKNOWN, "the sheet has no width"
    if device.memory_bus_bit in printed:
        finding, why = Agreement.FITS, "the width is exact"
    elif printed:
        finding, why = Agreement.DIFFERS, "other or fewer memory stacks"
    expected = values_text(printed, "memory_bus")
    seen = f"{device.memory_bus_bit} bit"
    yield Evidence("memory bus", seen, expected, finding, why, "memory_bus")


def _l2(device: DeviceInfo, chip: Chip, _: Catalogue) -> Iterator[Evidence]:
    if device.l2_bytes is not None:
        finding, why, expected = _cache(device.l2_bytes, chip, "l2_cache")
        seen = f"{device.l2_bytes / 2**20:.1f} MiB"
        yield Evidence("L2 cache", seen, expected, finding, why, "l2_cache")


def _cache(size_bytes: float, chip: Chip, key: str) -> tuple[Agreement, str, str]:
    printed = values(chip, key)
    parts = [value / size_bytes for value in printed]
    if not printed:
        return Agreement.UNKNOWN, "the sheet has no size", ""
    expected = values_text(printed, key)
    if any(abs(part - 1) <= CACHE_EQUAL for part in parts):
        return Agreement.FITS, f"within {CACHE_EQUAL:.0%}: MB are printed, MiB reported", expected
    if any(abs(part - 1) <= CACHE_NEAR for part in parts):
        return Agreement.UNKNOWN, "sheets and drivers count parts of one die's cache", expected
    is_whole_part = (
        abs(part / round(part) - 1) <= CACHE_EQUAL
        for part in parts
        if 1.5 < part < MAX_CACHE_PARTS + 1
    )
    if any(is_whole_part):
        return Agreement.UNKNOWN, "a driver may report one die's or partition's", expected
    return Agreement.DIFFERS, "neither the cache nor a whole part of it", expected


def _clock(device: DeviceInfo, chip: Chip, _: Catalogue) -> Iterator[Evidence]:
    if device.clock_max_hz is None:
        return
    printed = values(chip, "clock_boost")
    finding, why = Agreement.UNKNOWN, "the sheet has no boost clock"
    if any(MIN_CLOCK_RATIO <= device.clock_max_hz / value <= MAX_CLOCK_RATIO for value in printed):
        finding, why = (
            Agreement.FITS,
            f"{MIN_CLOCK_RATIO:.0%} to {MAX_CLOCK_RATIO:.0%} of the boost clock",
        )
    elif printed and device.clock_max_hz > max(printed):
        why = "boards may be let above the boost clock that is printed"
    elif printed:
        finding, why = Agreement.DIFFERS, "its highest clock is below the boost clock"
    seen = show(device.clock_max_hz, Dimension.FREQUENCY, 4)
    expected = values_text(printed, "clock_boost")
    yield Evidence("highest clock", seen, expected, finding, why, "clock_boost")


def _power(device: DeviceInfo, chip: Chip, _: Catalogue) -> Iterator[Evidence]:
    if device.power_limit_w is None:
        return
    printed = values(chip, "tdp")
    finding, why = Agreement.UNKNOWN, "the sheet has no board power"
    if any(abs(device.power_limit_w / value - 1) <= POWER_EQUAL for value in printed):
        finding, why = Agreement.FITS, "the board power"
    elif printed and device.power_limit_w > MAX_POWER_RATIO * max(printed):
        finding, why = Agreement.DIFFERS, f"above {MAX_POWER_RATIO:g} times the board power"
    elif printed:
        why = "a limit can be set by hand"
    seen = f"{device.power_limit_w:g} W"
    expected = values_text(printed, "tdp")
    yield Evidence("power limit", seen, expected, finding, why, "tdp", rewritable=True)


def _capability(device: DeviceInfo, chip: Chip, _: Catalogue) -> Iterator[Evidence]:
    if device.capability is None:
        return
    fact = chip.facts.get("compute_capability")
    finding, why = Agreement.UNKNOWN, "the sheet has none"
    if fact and device.capability == fact.value:
        finding, why = Agreement.FITS, "the same"
    elif fact:
        finding, why = Agreement.IMPOSSIBLE, "another design"
    expected = fact.value if fact else ""
    yield Evidence("compute capability", device.capability, expected, finding, why)


def _cpuid(device: DeviceInfo, chip: Chip, _: Catalogue) -> Iterator[Evidence]:
    wanted = chip.identity.cpuid
    if wanted is None or device.cpu_family is None:
        return
    fits = (device.cpu_vendor, device.cpu_family) == (wanted.vendor, wanted.family)
    fits = fits and device.cpu_model in wanted.models
    seen = f"{device.cpu_vendor} family {device.cpu_family} model {device.cpu_model}"
    models = " or ".join(map(str, wanted.models))
    expected = f"{wanted.vendor} family {wanted.family} model {models}"
    finding = Agreement.FITS if fits else Agreement.DIFFERS
    why = "the processor's own number" if fits else "another processor, or a hypervisor that masks"
    yield Evidence("CPUID", seen, expected, finding, why)


def _cores(device: DeviceInfo, chip: Chip, _: Catalogue) -> Iterator[Evidence]:
    cores = chip.number("units")
    if device.units is None:
        return
    finding, why = Agreement.UNKNOWN, "the sheet has no count"
    if cores and device.units % cores == 0:
        finding, why = Agreement.FITS, "whole sockets"
    elif cores and device.units < cores:
        why = "a part of the cores is in reach, as in a virtual machine"
    elif cores:
        why = "parts of several sockets are in reach"
    expected = values_text([cores] if cores else [], "units")
    yield Evidence("cores in reach", str(device.units), expected, finding, why, "units")


def _l3(device: DeviceInfo, chip: Chip, _: Catalogue) -> Iterator[Evidence]:
    if device.llc_bytes is None:
        return
    finding, why, expected = _cache(device.llc_bytes, chip, "l3_cache")
    if finding is Agreement.DIFFERS:
        finding, why = (
            Agreement.UNKNOWN,
            "chiplets, sockets or a hypervisor change what is in reach",
        )
    seen = f"{device.llc_bytes / 2**20:.1f} MiB"
    yield Evidence("last-level cache", seen, expected, finding, why, "l3_cache")


def is_partition(device: DeviceInfo) -> bool:
    """Tells whether the device reports itself as a partition of a chip."""
    return any(word.startswith("MIG") for word in device.limits) or " MIG " in device.name


_ACCELERATOR: tuple[Check, ...] = (
    _name, _vendor, _pci, _units, _memory, _bus, _l2, _clock, _power, _capability,
)  # fmt: skip
_CPU: tuple[Check, ...] = (_name, _cpuid, _cores, _l3, _clock)
