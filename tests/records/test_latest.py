"""``latest`` is a record of the user's own; only what just shows falls back on a committed one."""

import json
from pathlib import Path

import pytest

import bench
from bench.__main__ import main
from bench.errors import UsageError
from bench.gate.folder import judged_in
from bench.records.latest import find_own, find_real, find_to_show, record_folders
from bench.records.model import Record
from bench.records.store import write

NOTE = "no record of yours: the committed one of 2026-11-26, NVIDIA H200"

SIMULATED = "record=latest is of a fake device: its figures are simulated"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the user's records."""
    monkeypatch.setattr("bench.paths.runs_dir", lambda: tmp_path / "mine")
    return tmp_path / "mine"


def put(own: Path, record: Record) -> Path:
    """Writes an old record, which is older than every committed one."""
    path = own / "20260101-000000-fake-aaaaaa.json"
    write(record.model_copy(update={"id": path.stem}), path)
    return path


def test_the_latest_is_the_users_own_though_a_committed_one_is_newer(
    own: Path, record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(own, record)
    assert find_own("latest", record_folders()) == path
    assert find_to_show("latest", record_folders()) == (path, SIMULATED)
    assert judged_in("latest", record_folders()).paths == (path,)
    assert main(["show", "report=json"]) == 0
    out, err = capsys.readouterr()
    assert (json.loads(out)["rows"][0]["record"], err) == (path.stem, f"{SIMULATED}\n")


def test_a_committed_record_is_still_found_by_its_name(own: Path) -> None:
    assert find_own("h200-sxm-full", record_folders(own)).stem == "h200-sxm-full"
    assert find_to_show("h200-sxm-full", record_folders(own))[1] == ""


@pytest.mark.parametrize("words", [["show"], ["show", "record=latest"], ["report"]])
def test_what_shows_a_committed_record_as_the_latest_says_so(
    words: list[str], own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not own.exists()
    assert main(words) == 0
    assert capsys.readouterr().err == f"{NOTE}\n"


def test_of_the_committed_records_one_of_all_figures_is_shown(own: Path) -> None:
    """Days alone do not order them: the files of a fresh clone are of one moment."""
    assert find_to_show("latest", record_folders(own))[0].stem == "h200-sxm-full"


def test_without_a_record_of_all_figures_the_newest_is_shown(own: Path, record: Record) -> None:
    path = put(own, record)
    assert find_to_show("latest", [own / "none", own])[0] == path


def test_from_python_a_warning_says_so(own: Path) -> None:
    with pytest.warns(UserWarning, match=NOTE):
        assert bench.record().device.name == "NVIDIA H200"
    assert not own.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["gate", "against=h200", "margin=0.5"],
        ["gate", "record=latest", "against=h200", "margin=0.5"],
        ["gate", "record=h200-sxm-full", "against=latest"],
        ["bundle", "record=latest"],
        ["calibrate", "record=latest"],
    ],
)
def test_what_judges_or_shares_refuses_a_committed_record_as_the_latest(
    words: list[str], own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"onpaper: no record 'latest': none of yours is in {own}; name the out=")


def test_with_no_record_at_all_one_is_told_how_to_get_one(tmp_path: Path) -> None:
    folders = [tmp_path / "mine", tmp_path / "committed"]
    with pytest.raises(UsageError, match="nothing was measured yet, run 'python -m bench'"):
        find_own("latest", folders)
    with pytest.raises(UsageError, match="nothing was measured yet, run 'python -m bench'"):
        find_to_show("latest", folders)


def put_real(own: Path, record: Record) -> Path:
    """Writes a record of a real device, older than that of ``put``, and a newer unreadable one."""
    path = own / "20250101-000000-cpu-bbbbbb.json"
    device = record.device.model_copy(update={"backend": "cuda"})
    write(record.model_copy(update={"id": path.stem, "device": device}), path)
    (own / "20250601-000000-cpu-cccccc.json").write_text("{}", encoding="utf-8")
    return path


def test_what_is_shared_passes_over_fake_devices_and_says_so(
    own: Path, record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(own, record)
    real = put_real(own, record)
    for word in ("latest", str(own)):
        assert find_real(word, record_folders()) == (
            real,
            f"record={word} is {real.stem}: newer ones are of fake devices",
        )
    assert main(["bundle", "record=latest", f"out={tmp_path}/"]) == 0
    out, err = capsys.readouterr()
    assert real.stem in out
    assert "newer ones are of fake devices" in err


def test_what_shows_prefers_a_real_device_and_says_so(own: Path, record: Record) -> None:
    fake, real = put(own, record), put_real(own, record)
    note = f"record=latest is {real.stem}: newer ones are of fake devices"
    assert find_to_show("latest", record_folders()) == (real, note)
    assert find_to_show(fake.stem, record_folders()) == (fake, "")
    real.rename(own / "20260201-000000-cpu-bbbbbb.json")
    assert find_to_show("latest", record_folders())[1] == ""


def test_a_fake_device_that_is_named_is_refused_with_the_newest_real_one(
    own: Path, record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = put(own, record)
    assert main(["bundle", "record=latest"]) == 2
    assert "there is none of a real device here" in capsys.readouterr().err
    real = put_real(own, record)
    assert main(["bundle", f"record={fake.stem}"]) == 2
    assert f"your newest of a real device is record={real.stem}" in capsys.readouterr().err
