"""The folder of a site: files of an earlier site are replaced, all other files are left alone."""

import json
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from bench.errors import UsageError
from bench.files.atomic import replace, writing

FILE_LIST = ".onpaper-site.json"
"""File that lists every file of the site, so that a later build knows which it may delete."""


class SiteFolder:
    """A folder into which a site is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self) -> None:
        """Checks that the folder is empty, missing, or holds a site that onpaper wrote.

        Raises:
            UsageError: it holds something else.
        """
        if not self._folder.is_dir() or (self._folder / FILE_LIST).is_file():
            return
        other = next(iter(sorted(self._folder.iterdir())), None)
        if other is not None:
            raise UsageError(
                f"out={self._folder} holds {other.name}, which onpaper did not put there: "
                "give an empty folder"
            )

    def fill(self, files: Iterable[tuple[str, bytes]]) -> list[tuple[str, int]]:
        """Writes each file atomically and deletes other files of an earlier site.

        Returns the names of the files written, with their sizes in bytes.

        Raises:
            UsageError: the folder cannot be written to.
        """
        known, written = self._read_list(), []
        with writing(f"out={self._folder}"):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._write_list(known)
            for name, content in files:
                replace(self._folder / name, content)
                written.append((name, len(content)))
                if name not in known:
                    known.add(name)
            self._remove(known - {name for name, _ in written})
            self._write_list({name for name, _ in written})
        return written

    def _write_list(self, names: Iterable[str]) -> None:
        text = json.dumps(sorted(names), indent=0) + "\n"
        replace(self._folder / FILE_LIST, text.encode())

    def _read_list(self) -> set[str]:
        """Returns the files of an earlier site, without names that lead out of the folder."""
        try:
            content = json.loads((self._folder / FILE_LIST).read_text("utf-8"))
        except (OSError, ValueError):
            return set()
        names = content if isinstance(content, list) else []
        return {name for name in names if isinstance(name, str) and _is_inside(name)}

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
