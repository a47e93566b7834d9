"""How to recognise each vendor's devices and software, read from ``specs/vendors.yaml``."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from bench import paths
from bench.errors import sound
from bench.files.caches import once
from bench.files.datafile import entries
from bench.files.strict import Strict

LONGEST = 200
"""Most characters of a pattern; translating one takes quadratic time."""

IN_TORCH = ("mps", "xpu")
"""Device types built into torch."""


class Vendor(Strict):
    """How to recognise one vendor.

    Attributes:
        name: as the vendor spells it.
        torch_device: the device type its torch build presents.
        package: its torch build or plug-in, as packaged.
        names: patterns of the device names it reports.
        torch_version: substrings of ``torch.__version__`` that identify its build.
        modules: importable modules that only its software installs.
        env: environment variables that only its software sets.
        hip: whether ``torch.version.hip`` is set.
        pci_vendor: its PCI vendor id, lower-case hexadecimal.
        smi: its telemetry command.
    """

    name: str
    torch_device: str
    package: str | None = None
    smi: str | None = None
    names: tuple[str, ...] = ()
    torch_version: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    hip: Literal["true", "false"] | None = None
    pci_vendor: str | None = None
    source: str
    note: str | None = None

    def has_name(self, name: str) -> bool:
        """Returns whether the reported name is one of this vendor's."""
        return any(like(name, pattern) for pattern in self.names)

    def built_torch(self, markers: tuple[str, ...]) -> bool:
        """Returns whether the running torch is this vendor's own build."""
        version = next((one for one in markers if one.startswith("torch ")), "")
        return any(part in version for part in self.torch_version)

    def has_module(self, markers: tuple[str, ...]) -> bool:
        """Returns whether a module is installed that only this vendor's software installs."""
        return any(f"module {one}" in markers for one in self.modules)


def like(name: str, pattern: str) -> bool:
    """Returns whether a name matches a pattern (``*`` is anything), ignoring blanks and case."""
    if len(pattern) > LONGEST:
        return False
    return fnmatchcase(" ".join(name.lower().split()), pattern.lower())


def vendor_behind(name: str, pci: str | None, markers: tuple[str, ...]) -> str | None:
    """Returns the vendor of a device by PCI vendor, else name or torch build, else modules.

    A vendor that presents its devices as another's may report the other's names, so the file lists
    it first and its own torch build decides. None if nothing identifies the vendor.
    """
    known = vendors().items()
    for key, vendor in known:
        if pci and vendor.pci_vendor and pci.startswith(vendor.pci_vendor):
            return key
    for key, vendor in known:
        if vendor.has_name(name) or vendor.built_torch(markers):
            return key
    return next((key for key, vendor in known if vendor.has_module(markers)), None)


def device_types() -> tuple[str, ...]:
    """Returns the torch device types of all known accelerators except ``cuda``."""
    types = {vendor.torch_device for vendor in vendors().values()} - {"cuda"}
    return tuple(sorted({*types, *IN_TORCH}))


@once
def vendors(folder: Path | None = None) -> Mapping[str, Vendor]:
    """Loads the vendors.

    Raises:
        DataError: the file has a fault.
    """
    home = folder or paths.data_dir("specs")
    return sound(*entries(Vendor, home / "vendors.yaml", home)[:2])
