"""What is installed is what was tested: the wheel, away from the clone, says the same."""

import csv
import io
import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from bench import __version__
from tests.folders import ROOT

pytestmark = pytest.mark.slow

DIST = f"onpaper-{__version__}"


class Installed(NamedTuple):
    """A virtual environment with the wheel, and the folders of its user."""

    bin: Path
    cwd: Path
    data: Path
    env: dict[str, str]

    def __call__(self, program: str, *words: str) -> str:
        """Runs a program of the environment; it must succeed and leave nothing where it stands."""
        done = subprocess.run(
            [self.bin / program, *words],
            cwd=self.cwd, env=self.env, capture_output=True, text=True, encoding="utf-8",
            check=False, timeout=120,
        )  # fmt: skip
        assert (done.returncode, list(self.cwd.iterdir())) == (0, []), done.stderr
        return done.stdout


def called(*words: str | Path, cwd: Path) -> str:
    """Runs a command that must succeed and returns what it printed."""
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with an sdist, and the wheel built from it."""
    folder = tmp_path_factory.mktemp("dist")
    called(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an environment of its own, which borrows the libraries of this one."""
    base = tmp_path_factory.mktemp("user")
    place, cwd, home = base / "venv", base / "cwd", base / "home"
    for folder in (cwd, home):
        folder.mkdir()
    venv.create(place)
    (site,) = (place / "lib").glob("python*/site-packages")
    wheel = dist / f"{DIST}-py3-none-any.whl"
    python = place / "bin" / "python"
    called(
        sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "install",
        "--no-deps", "--no-index", wheel, cwd=cwd,
    )  # fmt: skip
    borrowed = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (site / "borrowed.pth").write_text("\n".join(borrowed) + "\n", encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    env = {**kept, "HOME": str(home), "XDG_DATA_HOME": str(home / "data")}
    return Installed(place / "bin", cwd, home / "data", env)


def in_clone(*words: str) -> str:
    """What the clone prints for the same words."""
    return called(sys.executable, "-m", "bench", *words, cwd=ROOT)


def dateless(report: str) -> str:
    """A report without the line that names day and record."""
    return re.sub(r"(?m)^\d{4}-\d\d-\d\d, suite .*$", "", report)


def test_the_wheel_holds_program_and_data_and_nothing_else(dist: Path) -> None:
    with zipfile.ZipFile(dist / f"{DIST}-py3-none-any.whl") as wheel:
        names = set(wheel.namelist())
    tops = {name.split("/")[0] for name in names}
    assert tops == {"bench", f"{DIST}.dist-info"}
    data = {name for name in names if name.startswith("bench/_data/")}
    assert {name.split("/")[2] for name in data} == {"specs", "configs", "results"}
    for folder in ("specs", "configs", "results/records", "results/reported"):
        files = (path for path in (ROOT / folder).rglob("*") if path.is_file())
        ours = {path.relative_to(ROOT).as_posix() for path in files}
        assert ours == {
            name.removeprefix("bench/_data/")
            for name in data
            if name.startswith(f"bench/_data/{folder}/")
        }
    assert {"bench/py.typed", f"{DIST}.dist-info/licenses/LICENSE"} <= names
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "bench").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules


def test_the_wheel_carries_the_licence_that_it_names(dist: Path) -> None:
    with zipfile.ZipFile(dist / f"{DIST}-py3-none-any.whl") as wheel:
        told = wheel.read(f"{DIST}.dist-info/METADATA").decode()
        text = wheel.read(f"{DIST}.dist-info/licenses/LICENSE")
    assert "\nLicense-Expression: Apache-2.0\nLicense-File: LICENSE\n" in told
    assert text == (ROOT / "LICENSE").read_bytes()


def test_the_sdist_holds_what_its_tests_and_a_release_need(dist: Path) -> None:
    with tarfile.open(dist / f"{DIST}.tar.gz") as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    tests = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    beside = {"LICENSE", "README.md", "CHANGELOG.md", "CITATION.cff", "Makefile", ".ci/run"}
    assert (tests | beside | {".container/Containerfile", ".github/workflows/ci.yml"}) <= names


def test_the_installed_program_knows_its_version(installed: Installed) -> None:
    assert installed("onpaper", "--version") == f"onpaper {__version__}\n"


def test_the_installed_program_is_the_wheel_and_not_the_clone(installed: Installed) -> None:
    told = installed("python", "-c", "import bench; print(bench.__file__)")
    assert Path(told.strip()).is_relative_to(installed.bin.parent)


def test_the_installed_data_has_no_fault(installed: Installed) -> None:
    sheets = len(list((ROOT / "specs" / "chips").glob("*.yaml")))
    assert re.fullmatch(
        rf"{sheets} sheets, \d+ designs, \d+ rules, \d+ sources, \d+ workloads, \d+ claims, "
        r"\d+ reported values, \d+ rows of tables, \d+ records: no faults\n",
        installed("onpaper", "check"),
    )


@pytest.mark.parametrize("words", [("chips",), ("show", "chip=h20"), ("run", "--help")])
def test_the_installed_program_says_what_the_clone_says(
    installed: Installed, words: tuple[str, ...]
) -> None:
    assert installed("python", "-m", "bench", *words) == in_clone(*words)


def test_an_installed_run_gives_the_table_and_keeps_its_record_with_the_user(
    installed: Installed, tmp_path: Path
) -> None:
    words = ("device=fake", "chip=h20")
    report = installed("onpaper", *words)
    assert dateless(report) == dateless(in_clone(*words, f"out={tmp_path}"))
    (record,) = (installed.data / "onpaper" / "runs").rglob("*.json")
    assert installed("onpaper", "show", f"record={record.stem}") == report
    assert installed("onpaper", "show") == report


def test_an_installed_sweep_leaves_its_records_and_nothing_else(
    installed: Installed, tmp_path: Path
) -> None:
    words = ("device=fake", "chip=h20", "dtype=bf16,fp16", "quiet=true", "report=csv")
    rows = csv.DictReader(io.StringIO(installed("onpaper", "run", "-m", *words, f"out={tmp_path}")))
    assert [row["dtype"] for row in rows] == ["bf16", "fp16"]
    assert len(list(tmp_path.rglob("*.json"))) == 2
    assert not (installed.data / "onpaper" / "sweeps").exists()
