"""A record is completed: what is there stays, and the rest is measured."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.chips.load import catalogue
from bench.commands.running import fakes
from bench.commands.running.planned import plan
from bench.config import compose
from bench.devices.fake import FakeSpec
from bench.measure import resume
from bench.measure.item import Item
from bench.measure.loop import Plan
from bench.measure.runner import LOST
from bench.measure.session import LocalSession, Progress, WorkerDiedError
from bench.measure.suite import items
from bench.records.model import Measurement, Record
from bench.records.store import read, write
from bench.shapes import RunConfig
from tests.measure.resume_cases import WORDS, broken_off, changed, files, interrupted


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where records go."""
    return tmp_path / "out"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The items that are measured, as they are."""
    told: list[str] = []
    whole = LocalSession.measure

    def measure(self: LocalSession, item: Item, plan: Plan, progress: Progress) -> Measurement:
        told.append(item.label)
        return whole(self, item, plan, progress)

    monkeypatch.setattr(LocalSession, "measure", measure)
    return told


def test_an_interrupted_record_is_completed_in_its_own_file(
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    counted: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = interrupted(out, monkeypatch)
    before = read(path)
    assert (before.state, len(before.measurements)) == ("interrupted", 2)
    del counted[:]
    capsys.readouterr()
    assert main(["run", "resume=latest", f"out={out}", "report=csv", "quiet=true"]) == 0
    after = read(path)
    assert files(out) == [path]
    assert counted == ["gemm fp32", "gemm bf16"]
    assert after.measurements[:2] == before.measurements
    assert (after.state, [one.status for one in after.measurements]) == ("complete", ["ok"] * 4)
    assert after.took_s == pytest.approx(sum(one.took_s for one in after.measurements))
    assert {**before.settings, resume.RESUMED: after.settings[resume.RESUMED]} == after.settings
    same = {"state", "measurements", "took_s", "settings"}
    assert before.model_dump(exclude=same) == after.model_dump(exclude=same)
    printed = capsys.readouterr().out
    assert printed.count(before.id) >= 4


def test_a_record_of_a_list_of_dtypes_is_completed(
    out: Path, monkeypatch: pytest.MonkeyPatch, counted: list[str]
) -> None:
    path = interrupted(out, monkeypatch, "dtype=[bf16, fp16,bf16]", at=1)
    assert read(path).settings["dtype"] == "[bf16,fp16]"
    del counted[:]
    assert main(["run", "resume=latest", f"out={out}", "quiet=true"]) == 0
    assert counted == ["gemm fp16"]
    assert [one.dtype for one in read(path).measurements] == ["bf16", "fp16"]


@pytest.mark.parametrize("name", ["id", "beginning", "path", "latest"])
def test_a_record_is_found_as_show_finds_it(
    name: str, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = interrupted(out, monkeypatch)
    word = {"id": path.stem, "beginning": path.stem[:12], "path": str(path)}.get(name, name)
    assert main(["run", f"resume={word}", f"out={out}", "quiet=true"]) == 0
    assert read(path).state == "complete"


def test_latest_is_the_newest_whether_it_has_ended_or_not(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = interrupted(out, monkeypatch)
    changed(path, state="running", id="20990101-000000-fake-aaaaaa")
    newest = path.with_name("20990101-000000-fake-aaaaaa.json")
    path.rename(newest)
    main([*WORDS, f"out={out}"])
    assert main(["run", "resume=latest", f"out={out}", "quiet=true"]) == 0
    assert read(newest).state == "complete"
    capsys.readouterr()
    assert main(["run", "resume=latest", f"out={out}"]) == 2
    assert "20990101-000000-fake-aaaaaa is complete: there is nothing" in capsys.readouterr().err


def test_what_cost_a_worker_is_measured_again_in_its_place(
    out: Path, monkeypatch: pytest.MonkeyPatch, counted: list[str]
) -> None:
    path = broken_off(out, monkeypatch, WorkerDiedError("gone"), 1)
    before = read(path)
    assert (before.state, before.measurements[1].reason) == ("complete", f"{LOST}gone")
    del counted[:]
    assert main(["run", f"resume={path}", f"out={out}", "quiet=true"]) == 0
    after = read(path)
    assert counted == ["memory triad"]
    assert after.measurements[1].status == "ok"
    assert (after.measurements[0], *after.measurements[2:]) == (
        before.measurements[0], *before.measurements[2:],
    )  # fmt: skip


def test_the_time_of_what_was_lost_gives_way_to_that_of_what_takes_its_place(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = broken_off(out, monkeypatch, WorkerDiedError("gone"), 1)
    changed(path, took_s=read(path).took_s + 50.0, measurements__1__took_s=50.0)
    assert main(["run", f"resume={path}", f"out={out}", "quiet=true"]) == 0
    after = read(path)
    assert after.took_s == pytest.approx(sum(one.took_s for one in after.measurements), rel=1e-3)
    assert after.took_s < 50.0


def test_a_lost_one_and_the_missing_ones_are_measured_in_order(
    out: Path, monkeypatch: pytest.MonkeyPatch, counted: list[str]
) -> None:
    path = interrupted(out, monkeypatch, at=3)
    changed(path, measurements__0__status="failed", measurements__0__reason=f"{LOST}gone")
    del counted[:]
    assert main(["run", f"resume={path}", f"out={out}", "quiet=true"]) == 0
    assert counted == ["memory copy", "gemm bf16"]
    assert [one.kernel for one in read(path).measurements] == ["memory", "memory", "gemm", "gemm"]


def test_a_wrong_result_is_a_result_and_stays(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fakes, "spec", lambda _: FakeSpec(broken=("bf16",)))
    assert main([*WORDS, f"out={out}"]) == 1
    assert main(["run", "resume=latest", f"out={out}"]) == 2
    assert "is complete: there is nothing to resume" in capsys.readouterr().err


def test_a_resumed_run_that_is_interrupted_can_be_resumed_again(
    out: Path, monkeypatch: pytest.MonkeyPatch, counted: list[str]
) -> None:
    path = interrupted(out, monkeypatch, at=1)
    whole, calls = LocalSession.measure, iter(range(99))

    def measure(self: LocalSession, item: Item, plan: Plan, progress: Progress) -> Measurement:
        if next(calls) == 1:
            raise KeyboardInterrupt
        return whole(self, item, plan, progress)

    with monkeypatch.context() as patch:
        patch.setattr(LocalSession, "measure", measure)
        assert main(["run", "resume=latest", f"out={out}", "quiet=true"]) == 130
    assert (read(path).state, len(read(path).measurements)) == ("interrupted", 2)
    del counted[:]
    assert main(["run", "resume=latest", f"out={out}", "quiet=true"]) == 0
    assert counted == ["gemm fp32", "gemm bf16"]


def test_it_goes_on_by_the_records_own_settings(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("data=zeros", "chip=h20", "precision=0.02", "seconds=3", "device.fake.noise_level=0.2")
    path = interrupted(out, monkeypatch, *words)
    seen: list[tuple[str, float]] = []
    specs: list[FakeSpec | None] = []
    whole, opened = LocalSession.measure, fakes.spec

    def measure(self: LocalSession, item: Item, plan: Plan, progress: Progress) -> Measurement:
        seen.append((item.data, plan.precision))
        return whole(self, item, plan, progress)

    def fake(config: Any) -> FakeSpec | None:
        specs.append(opened(config))
        return specs[-1]

    monkeypatch.setattr(LocalSession, "measure", measure)
    monkeypatch.setattr(fakes, "spec", fake)
    assert main(["run", "resume=latest", f"out={out}", "quiet=true"]) == 0
    assert seen == [("zeros", 0.02)] * 2
    assert [spec.noise_level for spec in specs if spec] == [0.2]
    assert read(path).identity.chip == "nvidia-h20-sxm-96gb"
    assert read(path).settings["seconds"] == 3


ITEMS = "suite.items=[{kernel: memory, variants: [copy]},{kernel: gemm, dtypes: [fp16], weight: 3}]"


def test_a_suite_that_was_told_other_items_goes_on_with_them(
    out: Path, monkeypatch: pytest.MonkeyPatch, counted: list[str]
) -> None:
    path = interrupted(out, monkeypatch, ITEMS, at=1)
    del counted[:]
    assert main(["run", "resume=latest", f"out={out}", "quiet=true"]) == 0
    assert counted == ["gemm fp16"]
    assert [one.kernel for one in read(path).measurements] == ["memory", "gemm"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("suite=smoke",), None),
        (("suite=quick", "suite.seconds=9", "seconds=3"), None),
        (("suite=smoke", ITEMS),
         "[{kernel:memory,variants:[copy]},{dtypes:[fp16],weight:3.0,kernel:gemm}]"),
        (("suite=smoke", "suite.items=[{kernel: gemm, sizes: {m: 3, n: 4, k: 5}}]"),
         "[{sizes:{m:3,n:4,k:5},kernel:gemm}]"),
    ],
)  # fmt: skip
def test_a_record_tells_the_items_of_its_suite_where_they_are_not_the_shipped_ones(
    words: tuple[str, ...], told: str | None
) -> None:
    config = compose("run", list(words), RunConfig)
    settings = plan(config, catalogue())[0].settings
    assert settings.get("suite.items") == told
    if told:
        again = compose("run", [words[0], f"suite.items={told}"], RunConfig)
        assert items(again) == items(config)


def test_a_record_on_a_disk_that_is_full_again_says_so(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = interrupted(out, monkeypatch)
    before = path.read_bytes()

    def full(_record: Record, _path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bench.measure.recordfile.write", full)
    capsys.readouterr()
    assert main(["run", "resume=latest", f"out={out}", "quiet=true"]) == 1
    told = capsys.readouterr()
    assert "bf16" in told.out
    assert told.err == (
        f"onpaper: the record could not be written: No space left on device; {path} lacks the "
        f"last 2 measurements: once it can, run 'python -m bench run resume={path}'\n"
    )
    assert path.read_bytes() == before


def test_a_record_that_was_killed_is_running_and_can_be_completed(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = interrupted(out, monkeypatch)
    write(read(path).model_copy(update={"state": "running"}), path)
    assert main(["run", "resume=latest", f"out={out}", "quiet=true"]) == 0
    assert read(path).state == "complete"


def test_the_plan_of_a_missing_item_is_that_of_a_whole_run(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two streams of weight 1, two products of weight 2: each product has a third of the time."""
    path = interrupted(out, monkeypatch)
    budgets: list[float] = []
    whole = LocalSession.measure

    def measure(self: LocalSession, item: Item, plan: Plan, progress: Progress) -> Measurement:
        budgets.append(plan.budget_s)
        return whole(self, item, replace(plan, budget_s=plan.budget_s / 10), progress)

    monkeypatch.setattr(LocalSession, "measure", measure)
    assert main(["run", f"resume={path}", f"out={out}", "quiet=true"]) == 0
    assert budgets[0] == pytest.approx(2.0)
