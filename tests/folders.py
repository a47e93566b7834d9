"""Where the tests find the clone, and what they read."""

import os
from pathlib import Path

from bench import __version__

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
DATA = TESTS / "data"
GOLDEN = TESTS / "golden"


def beside_golden(text: str, name: str) -> None:
    """Holds ``text`` against a golden file, or writes the file if the environment says so.

    The version of the program is left out, so that a release changes no golden file.
    """
    path = GOLDEN / name
    text = text.replace(f'"onpaper": "{__version__}"', '"onpaper": "VERSION"')
    if os.environ.get("ONPAPER_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8", newline="")
    with path.open(encoding="utf-8", newline="") as file:
        assert text == file.read()
