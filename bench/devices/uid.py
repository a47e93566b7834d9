"""Anonymous identifiers that distinguish devices of one model in records."""

import hashlib
from pathlib import Path

LENGTH = 12
PLACEHOLDERS = frozenset({
    "", "n/a", "[n/a]", "na", "none", "unknown", "not supported", "[not supported]", "null",
})  # fmt: skip
MACHINE = Path("/etc/machine-id")


def uid(serial: object) -> str | None:
    """Returns the first digits of the SHA-256 of a serial number, None where there is none.

    Placeholders that drivers report instead (zeros, ``N/A``) count as none. NVIDIA's serial is a
    random UUID, which cannot be recovered from the hash by brute force.
    """
    word = str(serial or "").strip()
    if word.lower() in PLACEHOLDERS or not set(word.lower()) - set("0f-x:. "):
        return None
    return hashlib.sha256(f"onpaper {word}".encode()).hexdigest()[:LENGTH]


def machine_uid() -> str | None:
    """Returns the uid of this machine from its machine-id, None where it has none."""
    try:
        return uid(MACHINE.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError):
        return None
