"""Machine code mapped into executable memory, to be called from Python by ctypes."""

import ctypes
import mmap
import platform


class Executable:
    """Machine code in its own memory mapping, which lives as long as this object.

    Attributes:
        address: address of the entry point.
    """

    def __init__(self, code: bytes) -> None:
        """Copies ``code`` into executable memory.

        Raises:
            OSError: the system does not allow memory that is both writable and executable.
        """
        pages = -(-len(code) // mmap.PAGESIZE) * mmap.PAGESIZE
        self._memory = mmap.mmap(-1, pages, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._memory.write(code)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))


def architecture() -> str | None:
    """Returns ``x86_64`` or ``aarch64``; None if there is no machine code for this system."""
    if platform.system() != "Linux":
        return None
    machine = platform.machine().lower().replace("amd64", "x86_64").replace("arm64", "aarch64")
    return machine if machine in ("x86_64", "aarch64") else None
