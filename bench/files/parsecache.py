"""A cache of parsed data files, keyed by the hash of their content.

It holds the plain tree of each file that was accepted; a changed file has another hash. The cache
may be deleted at any time; if it cannot be read or written, files are parsed without it.
"""

import json
import time
from hashlib import sha256
from pathlib import Path

from bench import paths
from bench.files import yamlfile
from bench.files.atomic import replace
from bench.files.yamlfile import Node

LEAST = 50
"""The cache is written again once at least this many files were new."""
STALE_S = 30 * 86_400.0
"""Age in s after which the cache of a folder is removed, when another one is written."""


class Parsed:
    """The parsed files of one folder.

    Args:
        folder: the folder of the files.
        fresh: whether to parse every file again and ignore the cache.
    """

    def __init__(self, folder: Path, *, fresh: bool = False) -> None:
        parser = Path(yamlfile.__file__).read_bytes()  # a changed parser has a cache of its own
        name = sha256(str(folder.resolve()).encode() + parser).hexdigest()[:16]
        caches = None if fresh else paths.cache_dir()
        self._store = caches / f"parsed-{name}.json" if caches else None
        self._kept: dict[str, Node] | None = None
        self._used: dict[str, Node] = {}
        self._new = 0

    def read(self, path: Path) -> tuple[Node, str]:
        """Returns a file's document and the SHA-256 of its bytes.

        Raises:
            YamlError, FileNotFoundError: as ``yamlfile.read``.
        """
        text = yamlfile.text(path)
        digest = sha256(text.encode()).hexdigest()
        if self._kept is None:
            self._kept = self._load()
        if digest in self._kept:
            self._used[digest] = self._kept[digest]
        else:
            self._used[digest] = yamlfile.parse(text)
            self._new += 1
        return self._used[digest], digest

    def node(self, path: Path) -> Node:
        """Returns a file's document; raises as ``read``."""
        return self.read(path)[0]

    def keep(self) -> None:
        """Writes the cache if enough of the files read were new; a failure to write is ignored."""
        if self._new < LEAST or self._store is None:
            return
        try:
            text = json.dumps(self._used, ensure_ascii=False)  # dump() is ten times slower
            replace(self._store, text, mode=0o600)
            _remove_stale(self._store.parent)
        except OSError:
            return

    def _load(self) -> dict[str, Node]:
        if self._store is None:
            return {}
        try:
            kept = json.loads(self._store.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return kept if isinstance(kept, dict) else {}


def _remove_stale(folder: Path) -> None:
    for path in folder.glob("parsed-*.json"):
        if time.time() - path.stat().st_mtime > STALE_S:
            path.unlink(missing_ok=True)
