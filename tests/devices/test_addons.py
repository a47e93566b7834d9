"""Kernels and backends that an installed package adds by its entry points."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import addons
from bench.__main__ import main
from bench.config import choices
from bench.devices.registry import absent, open_device, words
from bench.errors import UsageError
from bench.kernels.registry import KERNELS, kernel, known
from bench.records.store import newest, read

KERNEL = """
from bench.kernels.gather import Gather

class Mine(Gather):
    name = "mine"

    def pilot(self, dtype, data, variant=""):
        point = super().pilot(dtype, data, variant)
        return type(point)("mine", dtype, data, point.parameters)

    def space(self, pilot, limits):
        return [pilot]

KERNEL = Mine()
"""
DEVICE = """
from bench.devices.cpu import CpuDevice

def present(index):
    return None if index == 0 else "there is one"

def make(index):
    return CpuDevice()
"""
METADATA = "Metadata-Version: 2.1\nName: my-addons\nVersion: 1.0\n"
ENTRIES = """
[onpaper.kernels]
mine = my_kernel
bare = my_device
gone = my_lost
wrong = my_kernel
gemm = my_kernel
[onpaper.devices]
mychip = my_device
cpu = my_lost
npu = my_device
mps = my_device
auto = my_device
all = my_device
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Puts a package on the path, of this process and of its workers."""
    facts = tmp_path / "my_addons-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(METADATA)
    (facts / "entry_points.txt").write_text(ENTRIES)
    (tmp_path / "my_kernel.py").write_text(KERNEL)
    (tmp_path / "my_device.py").write_text(DEVICE)
    monkeypatch.syspath_prepend(str(tmp_path))
    addons.added.cache_clear()
    yield
    addons.added.cache_clear()


@pytest.mark.usefixtures("installed")
def test_an_added_kernel_is_measured_on_an_added_device(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["run", "kernel=mine", "device=mychip", "variant=64B", "seconds=0.2"]
    assert main([*asked, f"out={tmp_path / 'out'}"]) == 0, capsys.readouterr()
    (path,) = newest([tmp_path / "out"])
    (done,) = read(path).measurements
    assert (done.kernel, done.status) == ("mine", "ok")


@pytest.mark.usefixtures("installed")
def test_shipped_names_are_the_shipped_ones() -> None:
    assert kernel("gemm").name == "gemm"
    assert known()[: len(KERNELS)] == KERNELS
    assert open_device("cpu").info().backend == "cpu"
    assert choices("device") == sorted((*words(), "all"))
    assert "mychip" in words()


@pytest.mark.usefixtures("installed")
def test_a_backend_takes_no_word_that_means_a_device_already() -> None:
    assert [word for word in words() if word in ("mychip", "all")] == ["mychip"]
    assert len(set(words())) == len(words())
    for taken in ("npu", "mps", "auto"):
        assert absent(taken, 1) != "there is one", "asked of the package's module"
    assert absent("mychip", 1) == "there is one"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone", r"onpaper.kernels 'gone' of my-addons \(my_lost\) cannot be imported: No module"),
        ("bare", r"onpaper.kernels 'bare' of my-addons \(my_device\) has no KERNEL"),
        ("wrong", "the kernel that a package adds as 'wrong' is named 'mine'"),
        ("min", "no kernel 'min': did you mean 'mine'"),
    ],
)
def test_what_is_wrong_with_an_added_kernel_is_told(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        kernel(name)
