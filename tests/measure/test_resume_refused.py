"""A record that cannot be completed is refused in one line, and left alone."""

import shutil
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.errors import UsageError
from bench.measure import resume
from bench.measure.recordfile import RecordFile
from bench.measure.session import LocalSession, Place
from tests.measure.resume_cases import changed, files, interrupted


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where records go."""
    return tmp_path / "out"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a record that Ctrl-C ended: tests change copies of it."""
    folder = tmp_path_factory.mktemp("kept") / "out"
    with pytest.MonkeyPatch.context() as patch:
        interrupted(folder, patch)
    return folder


REFUSALS: dict[str, tuple[dict[str, object], str]] = {
    "complete": ({"state": "complete"}, "is complete: there is nothing to resume"),
    "units": ({"device__units": 132}, "measured elsewhere: units was 132, here it is 78"),
    "name": (
        {"device__name": "another"},
        "elsewhere: name was another, here it is onpaper fake device",
    ),
    "memory": ({"device__memory_bytes": 80e9}, "elsewhere: memory_bytes was 80000000000.0, here"),
    "power": ({"device__power_limit_w": 400.0}, "elsewhere: power_limit_w was 400.0, here it is"),
    "limits": ({"device__limits": ["MIG on"]}, "elsewhere: limits was MIG on, here it is none"),
    "python": ({"machine__python": "3.99.0"}, "elsewhere: python was 3.99.0, here it is 3."),
    "method": ({"method_version": 1}, "measured by method 1, this is method 2: measure again"),
    "version": ({"program__version": "0.0.1"}, "measured by onpaper 0.0.1, this is"),
    "commit": ({"program__commit": "abcdef"}, "measured by commit abcdef, this is"),
    "checkout": (
        {"program__commit": "abcdef"},
        ": 'git checkout abcdef' and resume again, or measure again",
    ),
    "wheel": ({"program__commit": None}, "measured by an onpaper outside a clone, this is commit"),
    "kernel": ({"measurements__0__kernel": "gemm"}, "suite smoke has changed since"),
    "form": ({"measurements__0__label": "triad"}, "suite smoke has changed since"),
    "ranks": ({"settings__ranks": 2}, "was measured under torchrun: measure again"),
    "suite": ({"suite": "gone"}, "no suite 'gone'"),
    "setting": ({"settings__dtipe": "bf16"}, "run has no key 'dtipe'"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_does_not_belong_together_is_refused_in_one_line_and_left_alone(
    name: str, kept: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = files(shutil.copytree(kept, out))
    fields, said = REFUSALS[name]
    changed(path, **fields)
    before = path.read_bytes()
    assert main(["run", f"resume={path}", f"out={out}"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert len(told.err.splitlines()) == 1
    assert path.read_bytes() == before


def test_a_record_that_another_run_holds_is_left_alone(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = interrupted(out, monkeypatch)
    before = path.read_bytes()
    other = RecordFile(path)
    assert other.take()
    assert main(["run", "resume=latest", f"out={out}"]) == 2
    assert "is being measured by another run: wait for it, or end it" in capsys.readouterr().err
    assert path.read_bytes() == before
    other.release()
    assert main(["run", "resume=latest", f"out={out}", "quiet=true"]) == 0


def test_a_record_that_is_taken_while_the_device_is_opened_is_left_alone(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = interrupted(out, monkeypatch)
    before = path.read_bytes()
    other, described = RecordFile(path), LocalSession.describe

    def describe(self: LocalSession) -> Place:
        assert other.take()
        return described(self)

    monkeypatch.setattr(LocalSession, "describe", describe)
    assert main(["run", "resume=latest", f"out={out}"]) == 2
    assert "is being measured by another run" in capsys.readouterr().err
    assert path.read_bytes() == before
    other.release()


def test_a_committed_record_is_never_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "results" / "records"
    path = interrupted(folder, monkeypatch)
    monkeypatch.setattr("bench.paths.PACKAGE", tmp_path / "bench")
    with pytest.raises(UsageError, match=r"is committed, and never edited: measure again$"):
        resume.unfinished(str(path), folder)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("resume=latest", "suite=quick"), "leave out suite="),
        (("resume=latest", "device=cpu"), "leave out device="),
        (("resume=latest", "seconds=3"), "leave out seconds="),
        (("resume=latest", "device.fake.noise=none"), "leave out device.fake.noise="),
        (("-m", "resume=latest"), "for one record leave out -m"),
        (("resume=latest",), "no record in "),
        (("resume=nonesuch",), "no record 'nonesuch'"),
        (("resume=nonesuch.json",), "no record 'nonesuch.json': there is no such file"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_wrong_words_beside_it_are_refused(
    words: tuple[str, ...], said: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *words, f"out={out}"]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_under_torchrun_nothing_is_resumed(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(out, monkeypatch)
    monkeypatch.setattr("bench.measure.ranks.count", lambda: 2)
    assert main(["run", "resume=latest", f"out={out}"]) == 2
    assert "resume= does not work under torchrun" in capsys.readouterr().err
