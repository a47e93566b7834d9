"""What tells devices of one kind apart in records, and names none."""

import hashlib
from pathlib import Path

LENGTH = 12
UNTOLD = frozenset({
    "", "n/a", "[n/a]", "na", "none", "unknown", "not supported", "[not supported]", "null",
})  # fmt: skip
MACHINE = Path("/etc/machine-id")


def uid(serial: object) -> str | None:
    """Returns the beginning of the hash of a serial number, None where none is told.

    Drivers fill in noughts or words where there is none, alike for every device.

    A serial of NVIDIA's is a random UUID, which cannot be found from its hash by trying.
    """
    word = str(serial or "").strip()
    if word.lower() in UNTOLD or not set(word.lower()) - set("0f-x:. "):
        return None
    return hashlib.sha256(f"onpaper {word}".encode()).hexdigest()[:LENGTH]


def machine_uid() -> str | None:
    """Returns the uid of this machine, None where its system has no number for it."""
    try:
        return uid(MACHINE.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError):
        return None
