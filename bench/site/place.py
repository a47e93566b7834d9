"""The folder of a site: what an earlier one left is replaced, nothing of anybody else's."""

import json
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from bench.atomic import replace
from bench.errors import UsageError

LIST = ".onpaper-site.json"
"""Names every file of the site, so that a later one knows what it may take away."""


class Place:
    """A folder that a site is written into."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self) -> None:
        """Looks whether the folder is empty or holds a site of ours.

        Raises:
            UsageError: it holds something else.
        """
        if not self._folder.is_dir() or (self._folder / LIST).is_file():
            return
        other = next(iter(sorted(self._folder.iterdir())), None)
        if other is not None:
            raise UsageError(
                f"out={self._folder} holds {other.name}, which onpaper did not put there: "
                "give an empty folder"
            )

    def fill(self, files: Iterable[tuple[str, bytes]]) -> list[tuple[str, int]]:
        """Writes files, each whole or not at all, and takes away what an earlier site had besides.

        Raises:
            UsageError: nothing can be written there.
        """
        before, written = self._listed(), []
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._list(before)
            for name, content in files:
                replace(self._folder / name, content)
                written.append((name, len(content)))
                if name not in before:
                    before.add(name)
            self._remove(before - {name for name, _ in written})
            self._list({name for name, _ in written})
        except OSError as error:
            told = error.strerror or str(error)
            raise UsageError(f"out={self._folder} cannot be written to: {told}") from None
        return written

    def _list(self, names: Iterable[str]) -> None:
        text = json.dumps(sorted(names), indent=0) + "\n"
        replace(self._folder / LIST, text.encode())

    def _listed(self) -> set[str]:
        """Returns the files of an earlier site; a name that leads out of the folder is none."""
        try:
            found = json.loads((self._folder / LIST).read_text("utf-8"))
        except (OSError, ValueError):
            return set()
        names = found if isinstance(found, list) else []
        return {one for one in names if isinstance(one, str) and _is_inside(one)}

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            path = self._folder / name
            if path.parent.resolve().is_relative_to(self._folder.resolve()):
                path.unlink(missing_ok=True)
        for path in sorted(self._folder.glob("*/**/"), reverse=True):
            if path.is_dir() and not any(path.iterdir()):
                os.rmdir(path)  # noqa: PTH106 -- of a folder that this site emptied


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return "\0" not in name and not path.is_absolute() and ".." not in path.parts and bool(name)
