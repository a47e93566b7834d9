"""What a record tells of a run: the program, the machine, and nobody's name."""

import getpass
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench import __version__
from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.measure import runner
from bench.measure.runner import Watcher, program, record_path, run
from bench.records.store import read
from tests.measure.runner_cases import Failing, fake, order


def test_the_record_says_what_was_run_where_and_with_which_program(
    tmp_path: Path, sheets: Catalogue
) -> None:
    whole = replace(order(tmp_path), chip="h20")
    done = run(fake(name="part"), whole, sheets, Watcher())
    assert done.suite == "test"
    assert done.settings == {"margin": 0.1}
    assert done.device.name == "part"
    assert done.program == program()
    assert done.program.version == __version__
    assert (done.identity.state, done.machine.torch) == ("chosen", None)
    assert done.id.split("-")[2] == "fake"
    assert done.took_s == pytest.approx(sum(one.took_s for one in done.measurements))


def test_a_chip_that_no_sheet_knows_is_refused_before_work(
    tmp_path: Path, sheets: Catalogue
) -> None:
    session = Failing(AssertionError("measured"), 1)
    with pytest.raises(UsageError, match="h2o"):
        run(session, replace(order(tmp_path), chip="h2o"), sheets, Watcher())
    assert list(tmp_path.iterdir()) == []


def test_outside_a_clone_the_program_has_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.paths.PACKAGE", tmp_path / "bench")
    assert (program().commit, program().dirty) == (None, None)


@pytest.mark.parametrize(
    ("commit", "changed", "dirty"),
    [("abc", "", False), ("abc", " M bench/units.py", True), (None, "", None), ("abc", None, None)],
)
def test_a_program_from_a_clone_has_its_commit_and_says_if_it_was_changed(
    commit: str | None, changed: str | None, dirty: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"rev-parse": commit, "status": changed}
    monkeypatch.setattr(runner, "_git", lambda *words: answers[words[0]])
    assert (program().commit, program().dirty) == (commit, dirty)


def test_records_and_bundles_that_lie_in_a_clone_are_no_change_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.paths.PACKAGE", tmp_path / "bench")
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "units.py").write_text("")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "a")):
        subprocess.run(["git", "-C", tmp_path, *words], check=True)  # noqa: S607 -- git of the path
    (tmp_path / "baseline").mkdir()
    (tmp_path / "baseline" / "a.json").write_text("{}")
    assert program().dirty is False
    (tmp_path / "bench" / "new.py").write_text("")
    assert program().dirty is True


def test_without_git_the_program_has_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert (program().commit, program().dirty) == (None, None)


def start_cli(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """A run of the program in a process of its own."""
    command = [sys.executable, "-m", "bench", "run", f"out={folder}", "quiet=true", *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def wait_for_measurements(folder: Path, count: int) -> Path:
    """The record of a run under way, once it has ``count`` measurements."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for path in folder.rglob("*.json"):
            if len(read(path).measurements) >= count:
                return path
        time.sleep(0.05)
    raise AssertionError("nothing was measured")


CPU_WORDS = ("device=cpu", "kernel=gemm", "seconds=20", "suite=smoke")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "state", "code"),
    [("SIGKILL", "running", -signal.SIGKILL), ("SIGINT", "interrupted", 130)],
)
def test_a_run_that_is_ended_from_outside_leaves_a_readable_record_without_names(
    name: str, state: str, code: int, tmp_path: Path
) -> None:
    with start_cli(tmp_path, *CPU_WORDS, "m=64", "n=64", "k=64") as process:
        path = wait_for_measurements(tmp_path, 1)
        os.kill(process.pid, signal.Signals[name])
        assert process.wait(20) == code
    record = read(path)
    assert record.state == state
    assert len(record.measurements) >= 1
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert_names_nobody(path)


def assert_names_nobody(path: Path) -> None:
    """Fails for a record in which user, host or folder is found."""
    text = path.read_text()
    words = set(text.replace('"', " ").replace("/", " ").replace(",", " ").split())
    folders = (str(Path.home()), str(Path.cwd()), str(path.parent), sys.prefix)
    assert {getpass.getuser(), socket.gethostname()} & words == set()
    assert [one for one in folders if one in text] == []


def test_a_record_names_no_user_no_host_and_no_folder(tmp_path: Path, sheets: Catalogue) -> None:
    done = run(fake(), order(tmp_path), sheets, Watcher())
    path = record_path(done, tmp_path)
    assert_names_nobody(path)
    assert json.loads(path.read_text())["started_utc"].endswith("+00:00")
