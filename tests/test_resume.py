"""A record is completed: what is there stays, the rest is measured, anything odd is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.chips.load import catalogue
from bench.commands import fakes
from bench.commands import run as command
from bench.config import compose, device_word
from bench.devices.fake import FakeSpec
from bench.errors import UsageError
from bench.measure import resume
from bench.measure.item import Item
from bench.measure.loop import Plan
from bench.measure.recordfile import RecordFile
from bench.measure.resume import check_place, rest
from bench.measure.runner import LOST, Begun, Order, Weighted
from bench.measure.session import LocalSession, Place, Progress, WorkerDiedError
from bench.records.model import Measurement, Record
from bench.records.store import read, write
from bench.shapes import RunConfig

WORDS = ("run", "device=fake", "suite=smoke", "quiet=true")
COPY, TRIAD = (Item("memory", "fp32", variant=stream) for stream in ("copy", "triad"))
PRODUCT = Item("gemm", "bf16")


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


def files(folder: Path) -> list[Path]:
    """All that lies in a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def broken_off(
    out: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, at: int, *words: str
) -> Path:
    """A record of a smoke run in which the measurement number ``at`` raised ``error``."""
    whole, calls = LocalSession.measure, iter(range(99))

    def measure(self: LocalSession, item: Item, plan: Plan, progress: Progress) -> Measurement:
        if next(calls) == at:
            raise error
        return whole(self, item, plan, progress)

    with monkeypatch.context() as patch:
        patch.setattr(LocalSession, "measure", measure)
        main([*WORDS, f"out={out}", *words])
    (path,) = files(out)
    return path


def interrupted(out: Path, monkeypatch: pytest.MonkeyPatch, *words: str, at: int = 2) -> Path:
    """A record that Ctrl-C ended."""
    return broken_off(out, monkeypatch, KeyboardInterrupt(), at, *words)


def changed(path: Path, **fields: object) -> None:
    """Writes other values into a record; a key may name a field within, with dots as ``__``."""
    data = json.loads(path.read_text())
    for key, value in fields.items():
        *above, last = key.split("__")
        place = data
        for one in above:
            place = place[int(one) if one.isdecimal() else one]
        place[last] = value
    path.write_text(json.dumps(data))


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
    "method": ({"method_version": 2}, "measured by method 2, this is method 1: measure again"),
    "version": ({"program__version": "0.0.1"}, "measured by onpaper 0.0.1, this is"),
    "commit": ({"program__commit": "abcdef"}, "measured by commit abcdef, this is"),
    "wheel": ({"program__commit": None}, "measured by an onpaper outside a clone, this is commit"),
    "kernel": ({"measurements__0__kernel": "gemm"}, "suite smoke has changed since"),
    "form": ({"measurements__0__label": "triad"}, "suite smoke has changed since"),
    "ranks": ({"settings__ranks": 2}, "was measured under torchrun: measure again"),
    "suite": ({"suite": "gone"}, "no suite 'gone'"),
    "setting": ({"settings__dtipe": "bf16"}, "run has no key 'dtipe'"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_does_not_belong_together_is_refused_in_one_line_and_left_alone(
    name: str, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = interrupted(out, monkeypatch)
    fields, said = REFUSALS[name]
    changed(path, **fields)
    before = path.read_bytes()
    capsys.readouterr()
    assert main(["run", f"resume={path}", f"out={out}"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert len(told.err.splitlines()) == 1
    assert path.read_bytes() == before


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
    settings = command.plan(config, catalogue())[0].settings
    assert settings.get("suite.items") == told
    if told:
        again = compose("run", [words[0], f"suite.items={told}"], RunConfig)
        assert again.suite.items == config.suite.items


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
    assert "resume= takes no torchrun" in capsys.readouterr().err


def order(*weighted: Weighted) -> Order:
    """An order of ten seconds for these items."""
    return Order("test", 10.0, weighted, 0.01, None, Path(), {})


def test_what_is_missing_gets_the_time_it_had(record: Record) -> None:
    """Of weights 1, 1, 3 and one minute apart, the last three are left: 4 of 5 parts."""
    begun = Begun(record.model_copy(update={"measurements": record.measurements[:1]}), Path("x"))
    whole = order(
        Weighted(COPY, 1.0), Weighted(PRODUCT, 1.0), Weighted(PRODUCT, 3.0),
        Weighted(TRIAD, 1.0, seconds=60.0),
    )  # fmt: skip
    left, after = rest(begun, whole)
    assert left.seconds == pytest.approx(8.0)
    assert after.places == (1, 2, 3)
    assert left.items == whole.items[1:]
    assert after.record.state == "running"


def test_more_measurements_than_items_are_another_suites(record: Record) -> None:
    with pytest.raises(UsageError, match="suite test has changed since"):
        rest(Begun(record, Path("x")), order(Weighted(COPY, 1.0)))


@pytest.mark.parametrize(("index", "word"), [(0, "cuda"), (3, "cuda:3")])
def test_it_goes_on_on_the_device_of_the_same_number(index: int, word: str, record: Record) -> None:
    device = record.device.model_copy(update={"backend": "cuda", "index": index})
    begun = record.model_copy(update={"suite": "smoke", "device": device})
    assert device_word(resume.config_of(begun, RunConfig()).device) == word


@pytest.mark.parametrize(("factor", "same"), [(0.992, True), (1.009, True), (0.98, False)])
def test_memory_is_that_of_another_device_if_it_differs_by_more_than_a_percent(
    factor: float, same: bool, record: Record
) -> None:
    assert record.device.memory_bytes is not None
    device = record.device.model_copy(update={"memory_bytes": record.device.memory_bytes * factor})
    assert resume._same_memory(record.device, device) is same
    assert resume._same_memory(device, record.device) is same


def test_a_little_more_memory_and_less_free_are_the_same_device(record: Record) -> None:
    device = record.device.model_copy(
        update={"memory_bytes": 96e9 * 1.005, "memory_free_bytes": 1.0, "clock_measured_hz": 1e9}
    )
    check_place(record, Place(record.machine, device))
    unknown = record.device.model_copy(update={"memory_bytes": None})
    with pytest.raises(UsageError, match="memory_bytes"):
        check_place(record, Place(record.machine, unknown))


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
