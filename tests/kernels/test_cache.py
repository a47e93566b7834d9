"""Bandwidth over the working set: what is read is counted, summed by machine code and compared."""

import sys
from collections.abc import Callable
from itertools import pairwise
from threading import get_ident

import pytest
import torch

from bench.devices.cpu import CpuDevice
from bench.devices.fake import FakeDevice, FakeSpec
from bench.kernels import cache
from bench.kernels.common import loads
from bench.kernels.common.base import Limits, Point, UnsupportedError
from bench.kernels.common.machinecode import architecture
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.records.model import Work

CPU = torch.device("cpu")
CACHE = kernel("cache")
ROOMY = Limits(1e12, 32e6, is_cpu=False)
NEEDS_CODE = pytest.mark.skipif(architecture() is None, reason="no machine code of ours runs here")
ISAS = {"x86_64": ("x86-64", "avx2", "avx512"), "aarch64": ("neon",), None: ()}[architecture()]


def point(held: int = 2**16, rounds: int = 3, threads: int = 1, data: str = "normal") -> Point:
    """A read of a working set."""
    told: dict[str, int | str] = {"bytes": held, "rounds": rounds, "threads": threads}
    return Point("cache", "fp32", data, {"set": "64KiB", **told})


def space(named: str, limits: Limits = ROOMY) -> Point:
    """The one configuration of a working set."""
    (found,) = CACHE.space(CACHE.pilot("fp32", "normal", named), limits)
    return found


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets how many cores torch is said to use."""
    return lambda count: monkeypatch.setattr(torch, "get_num_threads", lambda: count)


def test_the_work_is_what_a_loop_counts() -> None:
    loaded, touched = 0, set()
    for _ in range(3):
        for word in range(2**16 // 8):
            loaded += 8
            touched.add(word)
    assert CACHE.work(point()) == Work(
        flop=0.0,
        bytes=float(loaded),
        footprint_bytes=8.0 * len(touched),
        formula="rounds x working set",
    )


def test_working_sets_grow_by_half_an_octave_at_the_least() -> None:
    sizes = [loads.size(one) for one in CACHE.variants("fp32")]
    assert (sizes[0], sizes[-1]) == (2**15, 2**32)
    steps = [later / size for size, later in pairwise(sizes)]
    assert set(steps) <= {4 / 3, 1.5, 2.0}


@pytest.mark.parametrize("named", cache.SETS)
def test_a_set_is_named_and_read_as_asked_for(named: str) -> None:
    found = space(named)
    assert found.size("bytes") == loads.size(named)
    assert CACHE.label(found).replace(" ", "") == f"{named}inall"
    assert CACHE.work(found).bytes >= 2**33
    assert (CACHE.figures(found), CACHE.quantity(found)) == ((), "byte_rate")


@pytest.mark.parametrize("count", [1, 2, 3, 48, 96])
@pytest.mark.parametrize("named", ["64KiB", "1MiB", "3MiB", "1GiB", "4GiB"])
def test_every_core_reads_an_equal_part_often_enough(
    named: str, count: int, cores: Callable[[int], None]
) -> None:
    cores(count)
    found = space(named, Limits(1e12, 32e6, is_cpu=True))
    held = found.size("bytes")
    assert found.size("threads") == count
    assert held % (count * loads.GROUP_BYTES) == 0
    assert 0 <= loads.size(named) - held < count * loads.GROUP_BYTES
    assert found.size("rounds") * held >= min(count * 2**27, held)
    assert found.size("rounds") >= 1


def test_a_set_that_memory_or_cores_do_not_fit_is_unsupported(
    cores: Callable[[int], None],
) -> None:
    with pytest.raises(UnsupportedError, match="free memory holds no working set of 1 MiB in all"):
        space("1MiB", Limits(2.0**20 - 1, 32e6, is_cpu=False))
    cores(96)
    with pytest.raises(UnsupportedError, match="32KiB is less than a turn of the loop for 96"):
        space("32KiB", Limits(1e12, 32e6, is_cpu=True))


@pytest.mark.parametrize("named", ["", "4GiB"])
def test_the_pilot_is_small(named: str) -> None:
    pilot = CACHE.pilot("fp32", "normal", named)
    assert CACHE.work(pilot).bytes <= 2**20
    assert pilot.parameters["set"] == (named or "32KiB")


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(("size", "rounds"), [(512, 1), (1024, 3), (2**16 + 512, 2)])
def test_machine_code_sums_every_word_of_every_round(isa: str, size: int, rounds: int) -> None:
    told = torch.backends.cpu.get_cpu_capability().lower()
    if isa.startswith("avx") and isa not in (told, "avx2" if told == "avx512" else told):
        pytest.skip(f"this CPU has no {isa}")
    words = torch.randint(-(2**62), 2**62, (2**14,), dtype=torch.int64)
    expected = rounds * sum(words[: size // 8].tolist()) % 2**64
    assert loads.reader_of(isa).read(words.data_ptr(), size, rounds) == expected


@NEEDS_CODE
def test_the_widest_instructions_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    if architecture() == "aarch64":
        assert loads.reader().isa == "neon"
        return
    for told, isa in (("AVX512", "avx512"), ("AVX2", "avx2"), ("DEFAULT", "x86-64")):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda told=told: told)
        assert loads._widest() == isa


@NEEDS_CODE
def test_each_thread_reads_its_own_part() -> None:
    words = torch.randint(-(2**62), 2**62, (3 * 128,), dtype=torch.int64)
    sums = [2 * sum(part.tolist()) % 2**64 for part in words.view(3, -1)]
    assert loads.read_by_all(words.data_ptr(), 3 * 1024, 2, 3) == sums


def test_a_part_is_done_by_the_same_thread_in_every_call() -> None:
    team = loads.Team(3)
    first, second = [team.run([get_ident] * 3) for _ in range(2)]
    assert first == second
    assert len(set(first)) == 3
    assert first[0] == get_ident()


@NEEDS_CODE
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("data", ["normal", "zeros"])
def test_the_timed_read_passes_its_spot_check_and_one_left_out_does_not(
    threads: int, data: str
) -> None:
    held = 2**16 // (threads * 512) * threads * 512
    task = CACHE.build(point(held, threads=threads, data=data), CPU, 0.0)
    assert task.spot_check is not None
    done = task.spot_check(task.calls[0]())
    assert (done.passed, done.shape) == (True, f"{threads} sums")
    assert not task.spot_check(None).passed
    assert task.observed() == {"instructions": loads.reader().isa}


@NEEDS_CODE
@pytest.mark.parametrize("threads", [1, 2])
def test_a_read_that_leaves_out_a_round_or_a_word_fails_the_check(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CACHE.check(point(threads=threads), CPU).passed
    real = loads.reader().read
    wrong = [
        lambda at, size, rounds: real(at, size, rounds - 1),
        lambda at, size, rounds: real(at + 512, size - 512, rounds),
        lambda at, size, rounds: real(at, size, rounds) ^ 1,
    ]
    for read in wrong:
        changed = loads.Reader("wrong", read, loads.reader().code)
        monkeypatch.setattr(loads, "reader", lambda changed=changed: changed)
        assert CACHE.check(point(threads=threads), CPU).error == 1.0


@pytest.mark.parametrize(
    ("blocks", "total", "programs"), [(1, 7, 3), (2, 10, 12), (8, 24, 5), (5, 33, 7), (64, 64, 12)]
)
def test_the_sums_of_programs_are_what_a_walk_finds(blocks: int, total: int, programs: int) -> None:
    values = torch.randint(-1000, 1000, (blocks,))
    left, found = total, []
    for program in range(programs):
        steps = -(-left // (programs - program))
        at = program * blocks // programs
        stride = loads.strides(blocks, programs)[program]
        found.append(sum(int(values[(at + step * stride) % blocks]) for step in range(steps)))
        left -= steps
    assert cache.program_sums(values, total, programs) == found


@pytest.mark.parametrize("blocks", [1, 2, 3, 6, 12, 20, 24, 64, 3072])
def test_each_program_of_a_unit_reads_all_blocks_in_an_order_of_its_own(blocks: int) -> None:
    by = loads.strides(blocks, 528)
    orders = [[step * stride % blocks for step in range(blocks)] for stride in by[5::132]]
    assert [sorted(one) for one in orders] == [list(range(blocks))] * 4
    assert len(set(map(tuple, orders))) >= min(4, blocks // 4)


@pytest.mark.parametrize(("named", "passes"), [("1MiB", 2), ("64MiB", 2), ("4GiB", 0)])
def test_each_program_passes_a_set_that_a_cache_may_hold_twice(named: str, passes: int) -> None:
    rounds = space(named, Limits(1e12, 32 * 2**20, is_cpu=False, units=132)).size("rounds")
    assert rounds // (4 * 132) >= passes
    assert rounds * loads.size(named) <= max(2**35, 2 * 528 * loads.size(named) * (passes > 0))


def test_without_triton_an_accelerator_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "triton", None)
    monkeypatch.delitem(sys.modules, "bench.kernels.common.loads_triton", raising=False)
    with pytest.raises(UnsupportedError, match="Triton"):
        cache._on_device(torch.zeros(4096), 1)


def test_a_system_without_machine_code_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads, "architecture", lambda: None)
    with pytest.raises(UnsupportedError, match="there is none for this system"):
        CACHE.check(point(), CPU)


def test_memory_that_may_not_be_run_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def barred(_: bytes) -> None:
        raise PermissionError

    monkeypatch.setattr(loads, "Executable", barred)
    with pytest.raises(UnsupportedError, match="runs no machine code"):
        loads._mapped("c3")


@NEEDS_CODE
def test_a_set_is_measured_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "CORE_BYTES", ((2**40, 2**22),))
    done = measure_item(CpuDevice(), Item("cache", "fp32", variant="64KiB"), Plan(0.2))
    assert (done.status, done.reason, done.group) == ("ok", None, "bandwidth over working set")
    assert done.label == "64 KiB in all"
    assert done.spot_check is not None
    assert done.spot_check.passed


def test_a_set_is_measured_on_the_fake_device() -> None:
    fake = FakeDevice(FakeSpec(noise="none", launch_s=0.0))
    done = measure_item(fake, Item("cache", "fp32", variant="512MiB"), Plan(1.0))
    assert done.status == "ok"
    assert done.timing is not None
    assert done.work is not None
    assert done.work.bytes / done.timing.stats.median_s == pytest.approx(fake.spec.bandwidth)
