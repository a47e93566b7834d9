"""The conformance suite on the CPU, the fake, and an out-of-tree backend that torch plugs in.

It is no test of the trials if nothing fails them: a device that breaks each promise is tried, too.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils import backend_registration

from bench.__main__ import main
from bench.devices import conformance
from bench.devices.base import DeviceError, Elapsed, Reading
from bench.devices.conformance import TRIALS, TrialOutcome, of_device
from bench.devices.cpu import CpuDevice
from bench.devices.fake import FakeDevice
from bench.devices.registry import open_device
from bench.kernels.common.base import UnsupportedError
from bench.measure import survival
from bench.measure.item import Item
from bench.measure.loop import Plan
from bench.measure.session import WorkerSession
from bench.records.model import Check

STANDIN = Path(__file__).parent / "standin"


def states(found: list[TrialOutcome]) -> dict[str, set[str]]:
    """The names by what became of them."""
    return {state: {one.name for one in found if one.state == state} for state in
            ("passed", "failed", "skipped")}  # fmt: skip


def test_the_fake_conforms() -> None:
    found = states(of_device(FakeDevice()))
    assert found == {"passed": set(TRIALS) - {"spoil"}, "failed": set(), "skipped": {"spoil"}}


def test_the_cpu_conforms() -> None:
    """By one thread: several wait for each other on a machine that others use."""
    device, threads = CpuDevice(), torch.get_num_threads()
    torch.set_num_threads(1)
    found = states(of_device(device))
    torch.set_num_threads(threads)
    assert found == {"passed": set(TRIALS) - {"release"}, "failed": set(), "skipped": {"release"}}


def test_doctor_tells_of_each_trial_and_fails_with_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "device=fake", "conformance=true"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "the device conforms"
    monkeypatch.setattr(survival, "FakeDevice", lambda: Broken(health=lambda: None))
    assert main(["doctor", "device=fake", "conformance=true"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[-1] == f"1 of {len(TRIALS) + 1} failed"
    assert "failed   health: health() gives NoneType" in told


def test_a_device_that_is_not_here_says_what_would_bring_it() -> None:
    with pytest.raises(DeviceError, match=r"'npu:1' here: .*it comes with torch_npu$"):
        open_device("npu:1")


class Broken(FakeDevice):
    """A fake that breaks one promise after the other."""

    def __init__(self, **broken: Any) -> None:
        super().__init__()
        for name, instead in broken.items():
            setattr(self, name, instead)
        self.before = FakeDevice()


def raising(error: Exception) -> Any:
    def asked(*_: object) -> Any:
        raise error

    return asked


GOOD = FakeDevice()
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "info": (
        {"info": lambda: GOOD.info().model_copy(update={"driver": str(GOOD.now())})}, "driver is"
    ),
    "limits": (
        {"limits": lambda: replace(GOOD.limits(), memory_bytes=1e15)}, "1e+15 bytes may be used"
    ),
    "lacks": ({"lacks": lambda dtype: "" if dtype == "fp8" else None}, "fp8 is lacking without"),
    "check": (
        {"check": lambda *_: Check(passed=False, error=1.0, tolerance=0.1, shape="-")}, "is wrong"
    ),
    "prepare": ({"time": lambda *_: Elapsed(0.0, 1.0)}, "two calls took 0.0 s"),
    "time": ({"time": lambda *_: Elapsed(1.0, 1.0)}, "took 1.00 times as long"),
    "clocks": (
        {"time": lambda _, calls: Elapsed(3.0 * calls, 1.0 * calls)}, "is 3.00 of the host's"
    ),
    "reading": ({"reading": lambda: Reading(clock_hz=1800.0)}, "clock_hz is 1800.0"),
    "health": ({"health": lambda: None}, "health() gives NoneType"),
    "no room": ({"prepare": lambda *_: GOOD}, "256 TiB was allocated"),
    "unsupported": ({"prepare": raising(RuntimeError("no code"))}, "RuntimeError: no code"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_promise_that_is_broken_is_named(name: str) -> None:
    broken, words = BROKEN[name]
    found = {one.name: one for one in of_device(Broken(**broken))}
    assert found[name].state == "failed"
    assert words in found[name].words


def test_results_that_cannot_be_overwritten_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    device = CpuDevice()
    kept = device.prepare

    def unspoilt(*told: Any) -> Any:
        prepared = kept(*told)
        monkeypatch.setattr(prepared, "spoil", lambda: None)
        return prepared

    monkeypatch.setattr(device, "prepare", unspoilt)
    with pytest.raises(AssertionError, match="overwritten passes as right"):
        TRIALS["spoil"](device)


def test_memory_that_is_kept_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    device, rooms = FakeDevice(), [5e8, 1e9, 1e9]
    monkeypatch.setattr(device, "limits", lambda: replace(GOOD.limits(), memory_bytes=rooms.pop()))
    with pytest.raises(AssertionError, match=r"5e\+08 of 1e\+09 bytes are free again"):
        TRIALS["release"](device)


def test_a_missing_dtype_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    device = FakeDevice()
    whole = device.check

    def lacking(kernel: Any, point: Any) -> Check:
        if point.dtype == "int8":
            raise UnsupportedError("no int8 product here")
        return whole(kernel, point)

    monkeypatch.setattr(device, "check", lacking)
    assert conformance.TRIALS["check"](device) is None


needs_plugging = pytest.mark.skipif(
    not hasattr(backend_registration, "_setup_privateuseone_for_python_backend"),
    reason="this torch takes no backend written in Python",
)


@pytest.fixture(scope="module")
def plugged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Puts the stand-in on the path of workers, installed as plug-ins are."""
    folder = tmp_path_factory.mktemp("installed")
    facts = folder / "standin-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: standin\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[torch.backends]\nstandin = torch_standin:autoload\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(STANDIN))  # a worker is given its parent's path
        patch.syspath_prepend(str(folder))
        yield


ITEMS = (
    Item("gemm", "fp32", fixed={"m": 96, "n": 64, "k": 128}),
    Item("memory", "fp32", variant="copy", fixed={"elements": 1 << 16}),
    Item("gemm", "int8", fixed={"m": 96, "n": 64, "k": 128}, forced=True),
    Item("vector", "fp32"),
)


@needs_plugging
@pytest.mark.usefixtures("plugged")
def test_a_backend_that_torch_plugs_in_conforms(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found without being named; its events tell another time, so the host's is taken."""
    monkeypatch.setenv("STANDIN", "wrong-events memory")
    found = states(survival.conformance("accelerator:1"))
    assert found == {"passed": {*TRIALS, survival.NAME}, "failed": set(), "skipped": set()}


@needs_plugging
@pytest.mark.usefixtures("plugged")
@pytest.mark.parametrize(
    ("asked", "clock", "limits"),
    [
        ("events memory", None, ()),
        ("", "host", (
            "no device events: timed by the host's clock",
            "free memory not reported: 2 GiB assumed",
        )),
    ],
    ids=["events", "host"],
)  # fmt: skip
def test_it_is_measured_by_its_events_or_by_the_hosts_clock_which_is_told(
    asked: str, clock: str | None, limits: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDIN", asked)
    session = WorkerSession("auto")
    try:
        place = session.describe()
        product, stream, missing, triton = (
            session.measure(item, Plan(0.2), lambda _: None) for item in ITEMS
        )
    finally:
        session.close()
    device = place.device
    assert (device.name, device.backend, device.limits) == ("Stand-in 0", "standin", limits)
    for done in (product, stream):
        assert (done.status, done.reason) == ("ok", None)
        assert done.observed.get("clock") == clock
        assert done.spot_check is not None
        assert done.spot_check.passed
    assert (missing.status, triton.status) == ("skipped", "skipped")
    assert missing.reason == "Could not run 'aten::_int_mm' on the stand-in"
    assert "triton" in str(triton.reason).lower()
