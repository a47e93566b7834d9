"""Machine code called from Python: a page of it, mapped where it may be run."""

import ctypes
import mmap
import platform


class Executable:
    """Machine code in memory of its own, kept for as long as this object is.

    Attributes:
        address: where it begins.
    """

    def __init__(self, code: bytes) -> None:
        """Maps ``code``.

        Raises:
            OSError: memory that is written may not be run here.
        """
        pages = -(-len(code) // mmap.PAGESIZE) * mmap.PAGESIZE
        self._memory = mmap.mmap(-1, pages, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._memory.write(code)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))


def architecture() -> str | None:
    """Returns ``x86_64`` or ``aarch64``, None where no machine code of ours runs."""
    if platform.system() != "Linux":
        return None
    machine = platform.machine().lower().replace("amd64", "x86_64").replace("arm64", "aarch64")
    return machine if machine in ("x86_64", "aarch64") else None
