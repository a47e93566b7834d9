"""What tells devices of one kind apart in records, and names none."""

import hashlib
from pathlib import Path

LENGTH = 12
MACHINE = Path("/etc/machine-id")


def uid(serial: object) -> str | None:
    """Returns the beginning of the hash of a serial number, None where none is told.

    A serial of NVIDIA's is a random UUID, which cannot be found from its hash by trying.
    """
    word = str(serial or "").strip()
    return hashlib.sha256(f"onpaper {word}".encode()).hexdigest()[:LENGTH] if word else None


def machine_uid() -> str | None:
    """Returns the uid of this machine, None where its system has no number for it."""
    try:
        return uid(MACHINE.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError):
        return None
