"""Matches a device to a sheet by everything that it reports, with reasons; it never guesses."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.vendors import like, vendor_behind, vendors
from bench.errors import UsageError
from bench.records.model import DeviceInfo, Identity
from bench.units import Dimension, Quantity, show, significant
from bench.words import listed

MEMORY_LEAST = 0.90
MEMORY_MOST = 1.01
"""Reported over printed memory, GB read as GiB: drivers and ECC reserve some."""
POWER_NEAR = 0.01
"""Relative difference up to which a power limit equals a sheet's board power."""
FOLLOW = "peaks are derived from its clock and its family's operations per cycle"


@dataclass(frozen=True)
class Fit:
    """One sheet compared with a report: what agrees, and what contradicts."""

    chip: Chip
    agrees: tuple[str, ...]
    against: tuple[str, ...]


def identify(device: DeviceInfo, catalogue: Catalogue) -> Identity:
    """Returns the one sheet that fits the device, or why none does.

    A CPU that hides its model name is matched by family and model number, or by its instruction
    sets, to a sheet from which its peaks are derived.
    """
    if device.backend == "cpu":
        named = _named(device, catalogue)
        return _decide(device, named) if named else _cpu_family(device, catalogue)
    return _decide(device, _named(device, catalogue))


def choose(word: str, device: DeviceInfo, catalogue: Catalogue) -> Identity:
    """Returns the identity that ``chip=`` asks for, with what contradicts it.

    Raises:
        UsageError: no chip has this name, or it is a CPU and the device is not, or the reverse.
    """
    chip = catalogue.find(word)
    _refuse_kind(word, device, chip)
    against = tuple(reason for reason, fits in _tests(device, chip) if not fits)
    name = () if name_fits(device.name, chip) else (f"reports the name {device.name!r}",)
    doubts = tuple(f"against it: {reason}" for reason in (*name, *against))
    return _as_identity("chosen", chip, (f"chosen with chip={word}", *doubts))


def _refuse_kind(word: str, device: DeviceInfo, chip: Chip) -> None:
    """Refuses an accelerator's sheet for a CPU (torch may see no GPU), and the reverse."""
    if device.is_fake or (device.backend == "cpu") == (chip.kind == "cpu"):
        return
    here, there = ("a CPU", "an accelerator") if chip.kind != "cpu" else ("an accelerator", "a CPU")
    raise UsageError(
        f"chip={word} is the sheet of {there}, and the device here is {here}, {device.name}: "
        "leave out chip=, or see 'python -m bench doctor' for the devices that torch finds"
    )


def _vendor(device: DeviceInfo) -> str | None:
    if device.backend == "cpu":
        return None
    return vendor_behind(device.name, device.pci, device.markers)


def _named(device: DeviceInfo, catalogue: Catalogue) -> list[Fit]:
    kinds = {"cpu"} if device.backend == "cpu" else {"gpu", "npu"}
    return [
        _fit(device, chip)
        for chip in catalogue.chips.values()
        if chip.kind in kinds and name_fits(device.name, chip)
    ]


def name_fits(name: str, chip: Chip) -> bool:
    """Tells whether a device's name is one that the sheet lists."""
    return any(like(name, pattern) for pattern in chip.identity.names)


def _fit(device: DeviceInfo, chip: Chip) -> Fit:
    tests = list(_tests(device, chip))
    return Fit(
        chip,
        (f"reports the name {device.name!r}", *(reason for reason, fits in tests if fits)),
        tuple(reason for reason, fits in tests if not fits),
    )


def _tests(device: DeviceInfo, chip: Chip) -> Iterator[tuple[str, bool]]:
    """Yields each property that device and sheet both give, and whether they agree."""
    vendor = _vendor(device)
    if vendor and vendor != chip.vendor:
        yield f"is a device of {vendors()[vendor].name}", False
    yield from _memory_test(device, chip)
    yield from _units_test(device, chip)
    if device.pci and chip.identity.pci:
        fits = device.pci in chip.identity.pci
        yield f"PCI id {device.pci}{'' if fits else ' is none of the sheet'}", fits


def _memory_test(device: DeviceInfo, chip: Chip) -> Iterator[tuple[str, bool]]:
    figure = chip.figures.get("memory_capacity")
    printed = figure.value if figure else None
    if device.memory_bytes is None or not isinstance(printed, Quantity) or device.backend == "cpu":
        return
    share, sizes = devices_a_chip(chip), memory_sizes(chip, rivals=False)
    fits = any(MEMORY_LEAST <= device.memory_bytes / size <= MEMORY_MOST for size in sizes)
    reported = f"{device.memory_bytes / 2**30:.1f} GiB of memory"
    yield reported if fits else f"{reported}, the sheet has {size_text(printed, share)}", fits


def size_text(size: Quantity, share: float, digits: int = 3) -> str:
    """Returns a size divided by ``share``, in the sheet's own unit: 96 GiB is not 96 GB."""
    if size.binary:
        return f"{significant(size.si / share / 2**30, digits)} GiB"
    return show(size.si / share, Dimension.BYTES, digits)


def memory_sizes(chip: Chip, *, rivals: bool) -> list[float]:
    """Returns the possible memory sizes of the chip in bytes, the sheet's preferred one first.

    A size printed in GB is read as GiB; one printed in GiB is kept.
    """
    figure = chip.figures.get("memory_capacity")
    sizes = (figure, *(figure.rivals if rivals else ())) if figure else ()
    printed = [one.value for one in sizes if isinstance(one.value, Quantity) and not one.refuted]
    share = devices_a_chip(chip)
    return [*(one.memory / share for one in printed), *(size.si for size in chip.identity.memory)]


def _units_test(device: DeviceInfo, chip: Chip) -> Iterator[tuple[str, bool]]:
    printed = chip.number("units")
    if device.units is None or printed is None or device.backend == "cpu":
        return
    expected = round(printed / devices_a_chip(chip))
    fits = device.units == expected
    text = f"{device.units} compute units"
    yield (text if fits else f"{text}, the sheet has {expected}"), fits


def devices_a_chip(chip: Chip) -> float:
    """Returns the number of devices that the driver shows for one chip."""
    return (chip.number("dies") or 1.0) if chip.identity.reports == "die" else 1.0


def _decide(device: DeviceInfo, fits: list[Fit]) -> Identity:
    clean = [fit for fit in fits if not fit.against]
    if len(clean) == 1:
        return _as_identity("matched", clean[0].chip, clean[0].agrees)
    if clean:
        return _by_power(device, clean)
    if fits:
        reasons = tuple(f"not {fit.chip.id}: {'; '.join(fit.against)}" for fit in fits)
        return Identity(state="unknown", reasons=reasons, near=tuple(fit.chip.id for fit in fits))
    vendor = _vendor(device)
    behind = f" (a device of {vendors()[vendor].name})" if vendor else ""
    reason = f"no sheet reports the name {device.name!r}{behind}"
    return Identity(state="unknown", reasons=(reason,))


def _by_power(device: DeviceInfo, fits: list[Fit]) -> Identity:
    """Returns the one of several fitting sheets whose board power equals the power limit.

    Users can lower a limit, so it only decides between sheets that fit otherwise, and only if
    each of them prints its power.
    """
    limit = device.power_limit_w
    watts = {fit.chip.id: fit.chip.number("tdp") for fit in fits}
    near = [
        fit
        for fit in fits
        if limit and abs(limit / (watts[fit.chip.id] or math.inf) - 1) <= POWER_NEAR
    ]
    if len(near) == 1 and all(watts.values()):
        chip = near[0].chip
        others = listed(
            f"{name} has {watt:g} W" for name, watt in watts.items() if watt and name != chip.id
        )
        reason = f"power limit {limit:g} W ({others})"
        return _as_identity("matched", chip, (*near[0].agrees, reason))
    reason = f"{device.name!r} fits several sheets alike: choose one with chip="
    return Identity(state="ambiguous", reasons=(reason,), near=tuple(watts))


def _cpu_family(device: DeviceInfo, catalogue: Catalogue) -> Identity:
    cpus = [chip for chip in catalogue.chips.values() if chip.kind == "cpu"]
    for chip in cpus:
        cpuid = chip.identity.cpuid
        if cpuid and _same_cpuid(device, chip):
            reasons = (
                f"{cpuid.vendor} family {device.cpu_family} model {device.cpu_model}",
                f"no sheet for the model name {device.name!r}: {FOLLOW}",
            )
            return _as_identity("family", chip, reasons)
    having = [
        chip for chip in cpus if chip.identity.isa and set(chip.identity.isa) <= set(device.isa)
    ]
    if not having:
        return Identity(state="unknown", reasons=(f"no sheet for the CPU {device.name!r}",))
    chip = max(having, key=lambda chip: len(chip.identity.isa))
    reason = f"no sheet for {device.name!r}: peaks follow from its {', '.join(chip.identity.isa)}"
    return _as_identity("family", chip, (reason,))


def _same_cpuid(device: DeviceInfo, chip: Chip) -> bool:
    cpuid = chip.identity.cpuid
    return (
        cpuid is not None
        and device.cpu_vendor == cpuid.vendor
        and device.cpu_family == cpuid.family
        and device.cpu_model in cpuid.models
    )


def cpu_family_sheet(device: DeviceInfo, catalogue: Catalogue) -> Chip | None:
    """Returns the sheet of the CPU's family, from which a model's peaks are derived."""
    identity = _cpu_family(device, catalogue)
    return catalogue.chips[identity.chip] if identity.chip else None


def _as_identity(state: str, chip: Chip, reasons: tuple[str, ...]) -> Identity:
    return Identity.model_validate(
        {
            "state": state,
            "chip": chip.id,
            "sheet_sha256": chip.sheet_sha256,
            "reasons": reasons,
        }
    )
