"""Files that are written whole or not at all, whoever writes them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.atomic import replace
from bench.launch.plan import FILE, Plan, save


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
