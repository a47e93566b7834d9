"""Finds and reads the runs given as ``record=`` and ``against=``."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from bench.chips.load import Catalogue
from bench.errors import DataError, UsageError, did_you_mean
from bench.gate import pytestfile
from bench.gate.model import Run
from bench.gate.recorded import run_of
from bench.records.latest import LATEST, find_own
from bench.records.store import HEAD, newest, read

MOST = 100
"""At most this many runs of a folder are read, the newest; more do not improve the spread."""


def is_pytest(path: Path) -> bool:
    """Returns whether a file begins like one of pytest-benchmark."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    return '"machine_info"' in head and '"schema_version"' not in head


def run_in(path: Path, sheets: Catalogue) -> Run:
    """Returns the run in a file of either kind.

    Raises:
        UsageError: it cannot be read.
        DataError: it is neither a record nor a file of pytest-benchmark.
    """
    return pytestfile.run_of(path) if is_pytest(path) else run_of(read(path), sheets)


def runs_of(
    word: str, own: Sequence[Path], folders: list[Path], sheets: Catalogue
) -> tuple[list[Run], list[str]]:
    """Returns the runs that a word names, and the files of a folder that could not be read.

    Args:
        word: ``against=``.
        own: the files to judge, which are never compared with themselves.
        folders: the folders of records.
        sheets: the catalogue, to look up figures.

    Raises:
        UsageError: there is no other run, or it is of another kind.
    """
    place, mine = Path(word), {path.resolve() for path in own}
    if not place.is_dir():
        path = _one(word, folders, sheets)
        if path.resolve() in mine:
            raise UsageError(f"against={word} is the run itself, {path.stem}: name another")
        _same_kind(path, own[0])
        run = run_in(path, sheets)
        if _mark(path, run) in {_mark(one, run_in(one, sheets)) for one in own}:
            raise UsageError(f"against={word} is a copy of the run itself: name another")
        return [run], []
    others = [path for path in newest([place]) if path.resolve() not in mine]
    kind = [path for path in others if is_pytest(path) == is_pytest(own[0])]
    if not kind and others:
        _same_kind(others[0], own[0])
    if not kind:
        raise UsageError(f"against={word}: the folder holds no record besides the run itself")
    return _read(kind[:MOST], sheets, own)


def _read(found: list[Path], sheets: Catalogue, own: Sequence[Path]) -> tuple[list[Run], list[str]]:
    """Returns the runs of files, without copies, which say nothing about the spread."""
    runs: dict[str | bytes, Run] = {}
    unread: list[str] = []
    for path in found:
        try:
            run = run_in(path, sheets)
            runs.setdefault(_mark(path, run), run)
        except DataError as error:
            unread.append(str(error.faults[0]))
    if not runs:
        raise UsageError(f"no run can be read: {unread[0]}")
    for one in own:
        runs.pop(_mark(one, run_in(one, sheets)), None)
    if not runs:
        raise UsageError(f"the folder holds no run besides {own[0].stem} itself, and copies of it")
    return list(runs.values()), unread


def _mark(path: Path, run: Run) -> str | bytes:
    """Returns what copies of a run share: a record's id; a file of pytest-benchmark has none."""
    return sha256(path.read_bytes()).digest() if is_pytest(path) else run.name


def _one(word: str, folders: list[Path], sheets: Catalogue) -> Path:
    """Returns the file that a word names; if there is none, the error names chips as well."""
    try:
        return find_own(word, folders)
    except UsageError as error:
        is_file = Path(word).suffix == ".json" or len(Path(word).parts) > 1
        near = did_you_mean(word, sheets.names)
        if is_file or word == LATEST:
            raise
        if near.startswith("did you mean"):
            message = f"no folder, record or chip {word[:80]!r} here: of chips, {near}"
            raise UsageError(message) from None
        raise UsageError(f"no folder {word!r} here, and {error}") from None


def _same_kind(path: Path, own: Path) -> None:
    if is_pytest(path) != is_pytest(own):
        kinds = ["a record", "a file of pytest-benchmark"]
        both = f"{own.name} is {kinds[is_pytest(own)]}, {path.name} is {kinds[is_pytest(path)]}"
        raise UsageError(f"{both}: give two of a kind ('show report=pytest-benchmark' makes one)")
