"""Runs on a faulty device that are ended: the disk is full, Ctrl-C, or the parent is killed."""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.measure.faulty import PLUGIN, WORDS, Faulty, gone


def workers(parent: int) -> list[int]:
    """The worker processes of a run."""
    found = psutil.Process(parent).children(recursive=True)
    return [one.pid for one in found if "--multiprocessing-fork" in one.cmdline()]


@pytest.fixture
def faulty(tmp_path: Path) -> Faulty:
    """The program with a faulty device."""
    return Faulty(tmp_path)


def test_a_full_disk_keeps_what_was_written_before_and_ends_with_all_that_was_measured(
    faulty: Faulty,
) -> None:
    code, out, err = faulty(FAULT_ROOM="20000")
    record = faulty.record()
    assert code == 1
    assert record.state == "running"
    assert len(record.measurements) < 4
    assert "bf16" in out
    assert "the record could not be written: File too large\n" in err
    lacking = 4 - len(record.measurements)
    last = "the last measurement" if lacking == 1 else f"the last {lacking} measurements"
    (path,) = faulty.out.rglob("*.json")
    assert err.endswith(
        f"onpaper: the record could not be written: File too large; {path} lacks {last}: "
        f"once it can, run 'python -m bench run resume={path}'\n"
    )
    assert "Traceback" not in err


def test_a_record_that_a_full_disk_cut_short_can_be_completed(faulty: Faulty) -> None:
    faulty(FAULT_ROOM="20000")
    before = faulty.record().measurements
    assert faulty("resume=latest")[0] == 0
    after = faulty.record()
    assert (after.state, len(after.measurements)) == ("complete", 4)
    assert after.measurements[: len(before)] == before


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_a_run_whose_worker_hangs(
    sign: signal.Signals, faulty: Faulty
) -> None:
    with faulty.start(*WORDS, fault="hang", FAULT_PATIENCE="300") as process:
        faulty.wait(1)
        os.killpg(process.pid, sign) if sign == signal.SIGINT else process.terminate()
        out, err = process.communicate(timeout=30)
    assert (process.returncode, faulty.record().state) == (130, "interrupted")
    assert "The run was interrupted" in out
    assert "Traceback" not in err
    assert gone(process.pid)


def test_a_second_interruption_says_where_the_record_is(faulty: Faulty) -> None:
    """It comes while the worker, which takes no signal, is being ended."""
    (faulty.plugin / "sitecustomize.py").write_text(
        PLUGIN + "    session.KILL_WAIT_S = 3.0\n"
        'if "--multiprocessing-fork" in sys.orig_argv:\n'
        "    import signal\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    )
    with faulty.start(*WORDS, fault="hang", FAULT_PATIENCE="300") as process:
        faulty.wait(1)
        process.send_signal(signal.SIGINT)
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    record = faulty.record()
    (path,) = faulty.out.rglob("*.json")
    assert (process.returncode, record.state, len(record.measurements)) == (130, "interrupted", 1)
    assert out == ""
    assert err.splitlines()[-1] == f"onpaper: interrupted: python -m bench resume={path} goes on"
    assert "Traceback" not in err
    assert gone(process.pid)


def test_a_record_under_way_is_left_to_its_run_and_free_once_that_is_dead(
    faulty: Faulty,
) -> None:
    with faulty.start(*WORDS, fault="hang", FAULT_PATIENCE="300") as process:
        before = faulty.wait(1)
        code, out, err = faulty("resume=latest")
        assert (code, out) == (2, "")
        assert err == (
            f"onpaper: record {before.id} is being measured by another run: "
            "wait for it, or end it\n"
        )
        assert faulty.record() == before
        process.kill()
        process.communicate(timeout=30)
    assert gone(process.pid)
    assert faulty("resume=latest")[0] == 0


def test_a_parent_that_is_killed_takes_a_hanging_worker_with_it_and_leaves_a_whole_record(
    faulty: Faulty,
) -> None:
    with faulty.start(*WORDS, fault="hang", FAULT_PATIENCE="300") as process:
        faulty.wait(1)
        assert len(workers(process.pid)) == 1
        process.kill()
        process.communicate(timeout=30)
    assert gone(process.pid)
    record = faulty.record()
    assert (record.state, len(record.measurements)) == ("running", 1)
    assert faulty("resume=latest")[0] == 0
    assert [one.status for one in faulty.record().measurements] == ["ok"] * 4
    assert faulty.record().measurements[:1] == record.measurements
