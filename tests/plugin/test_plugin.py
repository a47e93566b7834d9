"""The pytest plugin: fixture ``onpaper``, its summary, its record, pytest-xdist's workers."""

from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.calls.call import (
    Given,
    measurement,
    timing_of,
)
from bench.calls.compared import MeasuredDevice
from bench.plugin.session import Session, Settings
from bench.records.machine import Machine
from bench.records.model import Conditions, DeviceInfo, Identity, Record
from bench.records.store import read

pytest_plugins = ("pytester",)

INSTALLED = any(one.name == "onpaper" for one in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "bench.plugin")
LEAN = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", *PLUGIN)
"""Hypothesis would load all of itself anew for the summary of each session."""
QUIET = (*LEAN, "--onpaper-seconds=0.05")
H20 = DeviceInfo(backend="cuda", name="NVIDIA H20", units=78)

KERNELS = """
    import numpy as np

    a = np.ones((64, 64), dtype=np.float32)

    def test_product(onpaper):
        result = onpaper(lambda: a @ a, flop=2 * 64**3, dtype="fp32", device="cpu")
        assert result.low <= result.rate <= result.high
        assert abs(result.rate * result.seconds / (2 * 64**3) - 1) < 1e-9

    def test_copy(onpaper):
        result = onpaper(a.copy, bytes=2 * a.nbytes, name="my copy")
        assert result.rate > 0
        assert onpaper(lambda: None).seconds > 0
"""


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """What a session within this one loads is unloaded after it, which torch bears once."""
    for name in ("torch", "cpuinfo", "bench.plugin.fixture", "bench.devices.cpu"):
        import_module(name)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project of its own, with warnings as errors as the strictest have it."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # this session may be a worker's own
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    return pytester


def only(folder: Path) -> Record:
    (path,) = folder.rglob("*.json")
    return read(path)


def test_a_session_shows_a_row_a_kernel_and_leaves_a_record(project: pytest.Pytester) -> None:
    project.makepyfile(test_mine=KERNELS)
    done = project.runpytest_inprocess(*QUIET, "--onpaper-out=out")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(
        [
            "*= onpaper =*",
            "test_mine.py::test_product: *FLOP/s (*; *",
            "my copy: *B/s (*",
            "test_mine.py::test_copy 2: *s (*",
            "record: out/*.json",
        ]
    )
    record = only(project.path / "out")
    assert (record.suite, record.state, record.device.backend) == ("pytest", "complete", "cpu")
    assert [one.label for one in record.measurements] == [
        "test_mine.py::test_product", "my copy", "test_mine.py::test_copy 2",
    ]  # fmt: skip
    assert not any(one.decides for one in record.measurements)
    assert str(project.path) not in (next((project.path / "out").rglob("*.json"))).read_text()


def test_two_sessions_can_be_gated(
    project: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second does four times the work: slower, or too noisy to tell, but never the same."""
    project.makepyfile(
        """
        import os, time

        def test_mine(onpaper):
            onpaper(lambda: time.sleep(0.001 * int(os.environ["TIMES"])), items=1)
        """
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, times in (("before", "1"), ("after", "4")):
            patch.setenv("TIMES", times)
            out = f"--onpaper-out={name}.json"
            project.runpytest_inprocess(*QUIET, out, "--onpaper-seconds=0.3").assert_outcomes(
                passed=1
            )
    capsys.readouterr()
    files = [project.path / f"{name}.json" for name in ("after", "before")]
    assert main(["gate", f"record={files[0]}", f"against={files[1]}"]) in (1, 3)
    assert main(["gate", f"record={files[1]}", f"against={files[0]}", "report=csv"]) in (0, 3)
    assert "test_two_sessions_can_be_gated.py::test_mine" in capsys.readouterr().out


def test_workers_of_xdist_hand_over_what_they_measured(project: pytest.Pytester) -> None:
    project.makepyfile(test_mine=KERNELS)
    done = project.runpytest_subprocess(*QUIET, "-n1", "--onpaper-out=out.json")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(["my copy: *B/s (*", "record: out.json"])
    record = read(project.path / "out.json")
    assert len(record.measurements) == 3
    assert record.settings["workers"] == 1


def test_workers_that_measured_at_once_are_told() -> None:
    plain = Settings(None, None, None, 1.0)
    worker, session = Session(plain), Session(plain)
    seen = timing_of([0.001] * 20, 1), Conditions()
    place = MeasuredDevice(
        Machine(system="s", kernel="k", python="3", torch=None), H20, Identity(state="unknown")
    )
    worker.add("cuda", place, measurement("mine", Given(), seen, ()), "mine: 1 ms")
    for _ in range(2):
        session.add_json(worker.to_json())
    assert session.lines() == [
        "mine: 1 ms", "mine: 1 ms",
        "2 workers measured at once and disturbed one another: use -n 1",
    ]  # fmt: skip
    assert session.devices == worker.devices
    assert session.taken == worker.taken * 2


def test_what_pytest_benchmark_timed_is_set_beside_the_paper(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_mine(onpaper, benchmark):
            benchmark.pedantic(lambda: sum(range(1000)), rounds=20, iterations=3)
            result = onpaper.beside(benchmark, flop=1000, dtype="torch.float32")
            assert abs(result.seconds - benchmark.stats.stats.median) < 1e-12
            assert benchmark.extra_info["flop"] == 1000
            assert benchmark.extra_info["dtype"] == "fp32"
        """
    )
    done = project.runpytest_inprocess(*QUIET, "--benchmark-only", "--onpaper-out=out.json")
    done.assert_outcomes(passed=1)
    (one,) = read(project.path / "out.json").measurements
    assert one.timing is not None
    assert (one.timing.batch_calls, len(one.timing.samples_s)) == (3, 20)
    done = project.runpytest_inprocess(*QUIET, "--benchmark-disable", "-rs")
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["*pytest-benchmark has timed nothing*"])


def test_it_costs_nothing_where_it_is_not_used(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys

        def test_plain():
            assert not {"torch", "pandas", "numpy", "pydantic"} & set(sys.modules)
            assert "bench.plugin.fixture" not in sys.modules
        """
    )
    done = project.runpytest_subprocess(*LEAN, "-p", "no:benchmark")
    done.assert_outcomes(passed=1)
    assert "onpaper" not in done.stdout.str().split("\n\n", 1)[-1]


WRONG = {
    "flop=1": "flop= needs dtype=, such as dtype='bf16'",
    "flop=1, dtype='bf61'": "no dtype 'bf61': did you mean 'bf16'",
    "flop=-1, dtype='bf16'": "flop=-1 is no work of a call",
    "items=0": "items=0 is no work of a call",
    "bytes=1, figure='memory'": "no rate 'memory': ",
    "flop=1, figure='memory_bandwidth'": "'memory_bandwidth' needs bytes= of one call",
    "bytes=1, device='gpu'": "no device 'gpu'",
    "bytes=1, device='fake'": "the fake device runs no call",
    "bytes=1, flops=2": "unexpected keyword argument 'flops'",
}


def test_what_a_test_says_wrong_is_told_in_it(project: pytest.Pytester) -> None:
    project.makepyfile(
        "\n".join(
            f"def test_{number}(onpaper):\n    onpaper(lambda: 1, {call})\n"
            for number, call in enumerate(WRONG)
        )
    )
    done = project.runpytest_inprocess(*QUIET, "--onpaper-out=out", "--tb=line")
    done.assert_outcomes(failed=len(WRONG))
    done.stdout.fnmatch_lines([f"*{told}*" for told in WRONG.values()])
    assert not (project.path / "out").exists()


def test_an_error_of_the_call_is_the_tests_own(project: pytest.Pytester) -> None:
    project.makepyfile("def test_mine(onpaper):\n    onpaper(lambda: 1 / 0, bytes=1)\n")
    done = project.runpytest_inprocess(*QUIET)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*ZeroDivisionError*"])


def test_a_record_that_cannot_be_written_fails_the_session(project: pytest.Pytester) -> None:
    project.makepyfile("def test_mine(onpaper):\n    onpaper(lambda: 1, bytes=1)\n")
    (project.path / "file").write_text("")
    done = project.runpytest_inprocess(*QUIET, "--onpaper-out=file/out.json")
    assert done.ret == 1
    done.stdout.fnmatch_lines(["the record could not be written: *"])


def test_wrong_use_is_told_at_the_line_of_the_test(project: pytest.Pytester) -> None:
    project.makepyfile("def test_mine(onpaper):\n    onpaper(lambda: 1, flop=1, dtype='bf61')\n")
    done = project.runpytest_inprocess(*QUIET)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines([">*onpaper(lambda: 1*", "E*no dtype 'bf61': did you mean *'bf16'*"])
    done.stdout.no_fnmatch_line("*fixture.py*")
    done.stdout.no_fnmatch_line("*call.py*")


def test_seconds_that_cannot_be_are_refused(project: pytest.Pytester) -> None:
    project.makepyfile("def test_mine(onpaper):\n    onpaper(lambda: 1, bytes=1)\n")
    done = project.runpytest_inprocess(*QUIET, "--onpaper-seconds=0")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*--onpaper-seconds must be 0.01 to 3600*"])
