"""Where inputs are put for their parsers, and the records that tests begin with."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"


@cache
def folder(name: str) -> Path:
    """A folder of one target's own, for as long as the process lives."""
    made = tempfile.mkdtemp(prefix=f"onpaper-fuzz-{name}-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)


def put(place: Path, data: bytes) -> Path:
    """Writes an input where its parser looks for it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


def records() -> list[bytes]:
    """Returns a record of each schema, as the program of its day wrote it."""
    return [one.read_bytes() for one in sorted((DATA / "records").glob("*.json"))]
