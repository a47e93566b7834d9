"""Files that are written whole or not at all, whoever writes them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.files.atomic import STALE_S, remove_drafts, replace
from bench.launch.plan import FILE, Plan, save
from bench.paths import PACKAGE


def by_replace(folder: Path) -> None:
    replace(folder / FILE, "new\n")


def by_fleet(folder: Path) -> None:
    save(Plan(folder, ("a=1",)), ())


@pytest.mark.parametrize("write", [by_replace, by_fleet])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_keeps_the_old_file_and_no_draft(
    write: Callable[[Path], None],
    error: BaseException,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise error

    (tmp_path / FILE).write_text("old\n")
    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(type(error)):
        write(tmp_path)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [(FILE, "old\n")]


@pytest.mark.parametrize("content", ["größer\n", "größer\n".encode()])
def test_a_file_is_there_whole_and_alone_for_all_to_read(
    content: str | bytes, tmp_path: Path
) -> None:
    path = tmp_path / "new" / "one.txt"
    replace(path, content)
    replace(path, content)
    assert path.read_bytes() == "größer\n".encode()
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


KILLED = """
import os, signal, sys
from pathlib import Path
from bench.files.atomic import replace
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
replace(Path(sys.argv[1]), "new")
"""


def aged(path: Path, seconds: float) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_the_draft_of_a_killed_process_is_removed_once_it_is_old(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "one.json")], check=False, cwd=PACKAGE.parent
    )
    assert done.returncode == -9
    (draft,) = tmp_path.iterdir()
    remove_drafts(tmp_path, "*.json")
    assert list(tmp_path.iterdir()) == [draft], "another process may be writing it"
    aged(draft, STALE_S + 60)
    remove_drafts(tmp_path, "two.json")
    assert draft.exists()
    remove_drafts(tmp_path, "*.json")
    assert not draft.exists()


@pytest.mark.parametrize("name", ["one.json", ".one.json", ".one.json.bak", ".one.csv.abcdefgh"])
def test_nothing_but_drafts_is_removed(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    aged(tmp_path / name, 2 * STALE_S)
    remove_drafts(tmp_path, "*.json")
    assert (tmp_path / name).exists()
