"""Packs a record into one anonymous file that anyone can verify and use."""

import sys
from pathlib import Path

from bench.config import compose
from bench.errors import UsageError
from bench.shapes import BundleConfig

HELP = """\
python -m bench bundle record=NAME [out=PATH]

Packs a record, its environment and the chip's sheet with its sources, as they are today, into one
JSON file, with the SHA-256 of each part. Anyone can verify it, judge it again and import it.

What names a machine or its owner is left out or masked: node and uid, free text in the settings,
and whatever looks like a path, an address, a host name or a serial number. All of it is listed on
stderr. Device, driver, versions and the time of the run stay: a result is judged by them. The file
is plain text: read it before you hand it on. Whoever gets it verifies and shows it with
'import file=ID.onpaper.json'.

  record=   a record: its path, its id or file name, the beginning of either, or latest; or a
            folder, whose newest record is taken; latest and folders pass over fake devices
  out=      a new file ending in .onpaper.json, or a folder, which is created if it does not exist;
            default: ID.onpaper.json here

Examples
  python -m bench bundle record=latest
  python -m bench bundle record=h200-sxm-full out=shared/

Exit code: 0 written, 2 wrong usage, or the record or a data file has a fault.
"""


def main(words: list[str]) -> int:
    """Writes the bundle of a record, and prints what was left out."""
    from bench.bundle.pack import pack
    from bench.chips.load import catalogue
    from bench.records.latest import find_real, record_folders
    from bench.records.store import BUNDLED, read
    from bench.tables.write import write_new

    config = compose("bundle", words, BundleConfig)
    if not config.record:
        raise UsageError("which record? give record=, such as record=latest")
    path, note = find_real(config.record, record_folders())
    if note:
        print(note, file=sys.stderr)
    record = read(path)
    packed = pack(record, catalogue())
    place = _place(config.out, f"{record.id}{BUNDLED}")
    write_new(packed.text, place)
    for word, fields in (("left out", packed.dropped), ("masked", packed.masked)):
        for field in fields:
            print(f"{word}: {field}", file=sys.stderr)
    if packed.sheet_differs:
        print("the sheet has changed since the run: today's is packed", file=sys.stderr)
    print(place)
    return 0


def _place(out: str | None, name: str) -> Path:
    """Returns the file that ``out=`` names.

    Raises:
        UsageError: it is neither a folder nor a file with the right ending.
    """
    from bench.records.store import BUNDLED
    from bench.tables.write import names_folder

    try:
        place = Path(out or ".").expanduser()
        if place.is_dir() or names_folder(out or ""):
            return place / name
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"out={(out or '')[:80]} cannot be a file: {error}") from None
    if not place.name.endswith(BUNDLED):
        raise UsageError(f"out={(out or '')[:80]}: a file ends in {BUNDLED}, a new folder in /")
    return place
