"""Where inputs are put for their parsers, and the records that tests begin with."""

import atexit
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from bench import paths

LARGEST = 20_000
"""Characters of a measurement that seeds are made of; inputs want to be small."""
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


def of_each_kernel() -> list[bytes]:
    """Returns small records of a GPU, one a kernel, and one of collectives over two ranks."""
    path = paths.data_dir("results") / "records" / "2026-11-26" / "h200-sxm-full.json"
    whole = json.loads(path.read_bytes())
    kernels: dict[str, list[dict[str, Any]]] = {}
    for one in sorted(whole["measurements"], key=lambda one: len(json.dumps(one))):
        if one["status"] == "ok" and len(json.dumps(one)) < LARGEST:
            kernels.setdefault(one["kernel"], []).append(one)
    told = {"operation": "all_reduce", "ranks": 2, "message_bytes": 2**23}
    kernels["collective"] = [
        {**one, "kernel": "collective", "parameters": told} for one in kernels["peer"]
    ]
    made = [{**whole, "measurements": found[:2]} for found in kernels.values()]
    return [json.dumps(one).encode() for one in made]


def records() -> list[bytes]:
    """Returns a record of each schema, as the program of its day wrote it."""
    return [one.read_bytes() for one in sorted((DATA / "records").glob("*.json"))]
