"""Levels of memory from a curve: found where they are, named by the caches they show."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.chips.load import Catalogue
from bench.kernels.cache import SETS
from bench.kernels.common.loads import size
from bench.records.model import (
    Check,
    Conditions,
    DeviceInfo,
    Identity,
    Measurement,
    Record,
    Stats,
    Stopped,
    Timing,
    Work,
)
from bench.report.curve import (
    ALL_READ,
    APART,
    Cache,
    binary,
    caches,
    named,
    section,
)
from bench.report.levels import Level, levels
from bench.verdict import rows

KIB, MIB, GIB = 2.0**10, 2.0**20, 2.0**30
GRID = [float(size(one)) for one in SETS]
STEPPED = [(64 * KIB, 420e9), (2 * MIB, 230e9), (32 * MIB, 150e9), (8 * GIB, 55e9)]
"""Sizes up to which a rate holds, and the rate."""


def curve(
    held: list[tuple[float, float]], noise: float = 0.0, seed: int = 1
) -> list[tuple[float, float]]:
    """A curve over the grid of working sets, with normal noise of so much of the rate."""
    draw = random.Random(seed)  # noqa: S311 -- no secret
    return [
        (at, next(rate for most, rate in held if at <= most) * (1 + draw.gauss(0, noise)))
        for at in GRID
    ]


@st.composite
def machines(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Two to four levels of five sizes or more, each at most seven tenths as fast as the last."""
    count = draw(st.integers(1, 3))
    room = len(GRID) - 5 * (count + 1)
    spare = [draw(st.integers(0, room // count)) for _ in range(count)]
    ends = [sum(5 + one for one in spare[: number + 1]) - 1 for number in range(count)]
    rate, found = draw(st.floats(1e11, 1e14)), []
    for end in ends:
        found.append((GRID[end], rate))
        rate *= draw(st.floats(0.1, 0.7))
    return [*found, (GRID[-1], rate)]


@settings(deadline=None, max_examples=60)
@given(machines(), st.integers(0, 10**6))
def test_known_levels_are_recovered_within_a_step_of_the_grid(
    held: list[tuple[float, float]], seed: int
) -> None:
    found = levels(curve(held, 0.03, seed))
    assert len(found) == len(held)
    for level, (most, rate) in zip(found, held, strict=True):
        assert level.bytes_per_s == pytest.approx(rate, rel=0.06)
        if level.holds_bytes is not None:
            assert abs(GRID.index(level.holds_bytes) - GRID.index(most)) <= 1
    assert [one.holds_bytes is None for one in found] == [False] * (len(held) - 1) + [True]


def test_levels_without_noise_are_exact() -> None:
    assert levels(curve(STEPPED)) == [
        Level(420e9, 64 * KIB, 64 * KIB, 96 * KIB),
        Level(230e9, 2 * MIB, 2 * MIB, 3 * MIB),
        Level(150e9, 32 * MIB, 32 * MIB, 48 * MIB),
        Level(55e9, None, 4 * GIB),
    ]


def test_a_level_holds_what_is_read_before_a_slope_and_is_gone_after_it() -> None:
    sloping = dict(curve(STEPPED))
    sloping |= {24 * MIB: 145e9, 32 * MIB: 125e9, 48 * MIB: 93e9, 64 * MIB: 75e9, 96 * MIB: 60e9}
    third = levels(list(sloping.items()))[2]
    assert (third.holds_bytes, third.bytes_per_s) == (24 * MIB, 150e9)
    assert third.gone_bytes in (64 * MIB, 96 * MIB, 128 * MIB)


def test_more_noise_than_a_knee_does_not_end_a_level() -> None:
    """The last of a level that scatters by 5% is 8% below it, and still of it."""
    held = dict(curve(STEPPED))
    rates = [157e9, 143e9, 158e9, 142e9, 157e9, 143e9, 150e9, 138e9]
    sizes = [one for one in GRID if 2 * MIB < one <= 32 * MIB]
    third = levels(list((held | dict(zip(sizes, rates, strict=True))).items()))[2]
    assert third.holds_bytes == 32 * MIB


def test_a_level_that_scatters_ends_no_nearer_to_the_next_than_to_itself() -> None:
    """Rates 9% to each side of 100 would let 64 pass for it, were the next level not at 50."""
    first = [(at, 100e9 * (1.09 if place % 2 else 0.91)) for place, at in enumerate(GRID[:8])]
    points = [*first, (GRID[8], 64e9), *((at, 50e9) for at in GRID[9:])]
    assert levels(points)[0].holds_bytes == GRID[7]


H100 = (
    32.98, 32.91, 33.0, 32.96, 32.92, 32.8, 32.21, 30.05, 28.85, 25.36, 22.87, 16.02, 15.58, 15.06,
    14.64, 13.84, 12.3, 10.92, 10.81, 8.524, 9.477, 9.134, 10.99, 6.918, 4.965, 3.474, 3.229,
    3.156, 3.135, 3.091, 3.098, 3.089,
)  # fmt: skip
"""TB/s over the grid on an H100, whose L2 is cut in halves that are not equally near."""


def measured_points() -> list[tuple[float, float]]:
    """The curve of an H100: a slope behind each cache, and one size that another process slowed."""
    return [(at, rate * 1e12) for at, rate in zip(GRID, H100, strict=True)]


def test_slopes_and_halves_of_a_cache_are_no_levels_of_their_own() -> None:
    first, second, memory = levels(measured_points(), 3)
    assert first.bytes_per_s == pytest.approx(32.9e12, rel=0.01)
    assert first.holds_bytes == 256 * KIB
    assert (second.holds_bytes, second.gone_bytes) == (64 * MIB, 192 * MIB)
    assert second.steps == (15.06e12, 10.92e12, 9.134e12)
    assert memory.bytes_per_s == pytest.approx(3.1e12, rel=0.02)
    assert memory.holds_bytes is None


def test_no_bound_joins_nothing_and_a_bound_joins_the_nearest() -> None:
    assert len(levels(measured_points())) == 5
    assert [one.steps for one in levels(curve(STEPPED), 3)] == [(), (230e9, 150e9), ()]
    assert levels(curve(STEPPED), 4) == levels(curve(STEPPED))


def test_the_smallest_caches_of_few_cores_need_two_sizes() -> None:
    held = [(48 * KIB, 420e9), (2 * MIB, 230e9), (8 * GIB, 55e9)]
    assert [one.holds_bytes for one in levels(curve(held))] == [48 * KIB, 2 * MIB, None]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_noise_makes_no_levels(seed: int) -> None:
    assert len(levels(curve([(8 * GIB, 1e12)], 0.03, seed))) == 1


def test_a_few_sizes_between_two_levels_are_none() -> None:
    held = [(MIB, 400e9), (2 * MIB, 200e9), (8 * GIB, 50e9)]
    assert [one.bytes_per_s for one in levels(curve(held))] == [400e9, 50e9]


def test_what_was_held_up_before_a_faster_level_is_none() -> None:
    held = [(2 * MIB, 100e9), (32 * MIB, 400e9), (8 * GIB, 50e9)]
    assert [one.bytes_per_s for one in levels(curve(held))] == [400e9, 50e9]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_points_show_no_level(count: int) -> None:
    assert levels(curve(STEPPED)[:count]) == []


def names(held: list[tuple[float, float]], known: list[Cache]) -> list[str]:
    """What the levels of a curve are called."""
    return [name for name, _, _ in named(levels(curve(held)), known)]


@pytest.mark.parametrize(
    ("known", "called"),
    [
        (
            [Cache("L2 cache", 2 * MIB), Cache("last-level cache", 32 * MIB)],
            ["L1 cache", "L2 cache", "last-level cache", "memory"],
        ),
        ([Cache("L2 cache", 50 * MIB)], ["level 1", "L1 cache", "L2 cache", "memory"]),
        ([Cache("L2 cache", 3 * GIB)], ["level 1", "level 2", "level 3", "level 4"]),
        ([], ["level 1", "level 2", "level 3", "memory"]),
        (
            [Cache("L2 cache", 30 * MIB), Cache("last-level cache", 33 * MIB)],
            ["level 1", "level 2", "last-level cache", "memory"],
        ),
        (
            [Cache("L2 cache", 3 * MIB), Cache("last-level cache", 20 * MIB)],
            ["L1 cache", "L2 cache", "last-level cache", "memory"],
        ),
    ],
)
def test_a_level_is_called_by_the_cache_of_its_size(known: list[Cache], called: list[str]) -> None:
    assert names(STEPPED, known) == called


def test_a_cache_ends_anywhere_on_the_slope_behind_its_level() -> None:
    slope = Level(230e9, 1.5 * MIB, 1.5 * MIB, 16 * MIB)
    found = [slope, Level(55e9, None, 4 * GIB)]
    for size_bytes, name in ((6 * MIB, "L2 cache"), (30 * MIB, "L2 cache"), (40 * MIB, "level 1")):
        assert named(found, [Cache("L2 cache", size_bytes)])[0][0] == name


def measurement(held: float, rate: float, **changed: object) -> Measurement:
    """One size of the curve, measured at a rate."""
    seconds, stopped = 1e9 / rate, Stopped(reason="converged", precision=0.0, wanted=0.01)
    stats = Stats(
        median_s=seconds, low_s=seconds, high_s=seconds, level=0.95, burst_s=seconds,
        burst_window_s=0.1, samples=6, effective_samples=6.0,
    )  # fmt: skip
    timing = Timing(
        batch_calls=1, samples_s=(seconds,) * 6, at_s=(0.0,) * 6, warmup_s=0.0, stats=stats,
        stopped=stopped,
    )  # fmt: skip
    done = Measurement(
        kernel="cache", dtype="fp32", data="normal", figures=(), status="ok", quantity="byte_rate",
        group="bandwidth over working set", timing=timing,
        work=Work(flop=0.0, bytes=1e9, footprint_bytes=held, formula="-"),
    )  # fmt: skip
    return done.model_copy(update=changed)


def made(record: Record, device: DeviceInfo, chip: str, *more: Measurement) -> Record:
    """A record of the curve on some device of some chip."""
    points = [measurement(*point) for point in curve(STEPPED)]
    return record.model_copy(
        update={
            "device": device,
            "identity": Identity(state="chosen", chip=chip),
            "measurements": (*more, *reversed(points)),
        }
    )


GPU = DeviceInfo(backend="cuda", name="a GPU", units=132, l2_bytes=40 * MIB, llc_bytes=40 * MIB)
CORES = DeviceInfo(backend="cpu", name="a CPU", units=2, l2_bytes=MIB, llc_bytes=32 * MIB)


def test_levels_stand_beside_published_and_reported_sizes(
    record: Record, sheets: Catalogue
) -> None:
    told = made(record, GPU, "nvidia-h100-sxm-80gb")
    (table,) = section(told, rows(told, sheets), sheets)
    printed = sheets.chips["nvidia-h100-sxm-80gb"].figures["l2_cache"]
    source = sheets.sources[printed.source]
    words = f"50 MiB ({source.title or printed.source})"
    assert table.title == "Caches"
    assert table.cells == (
        ("L1 cache", "420 GB/s", "64 KiB", "–", "–"),
        ("L2 cache", "230 GB/s to 150 GB/s", "32 MiB", words, "40 MiB"),
        ("memory", "55.0 GB/s", "–", "–", "–"),
    )
    assert table.lines == (ALL_READ,)
    assert [len(one) for one in (table.columns, *table.cells)] == [5] * 4
    assert table.flat[1] == {
        "level": "L2 cache",
        "bytes_per_s": pytest.approx(230e9),
        "bytes_per_s_first": pytest.approx(230e9),
        "bytes_per_s_last": pytest.approx(150e9),
        "holds_bytes": 32 * MIB,
        "gone_bytes": 48 * MIB,
        "published_bytes": 50 * MIB,
        "source": printed.source,
        "reported_bytes": 40 * MIB,
    }


def test_the_caches_of_some_cores_are_those_reported(record: Record, sheets: Catalogue) -> None:
    told = made(record, CORES, "amd-epyc-9654")
    (table,) = section(told, rows(told, sheets), sheets)
    assert [one[0] for one in table.cells] == ["L1 cache", "L2 cache", "last-level cache", "memory"]
    assert table.columns == ("level", "rate", "holds up to", "reported by the device")
    assert [one[3] for one in table.cells] == ["–", "2 MiB", "32 MiB", "–"]
    assert table.lines == (APART,)


def test_a_first_level_on_an_accelerator_is_one_units_whatever_its_units(
    record: Record, sheets: Catalogue
) -> None:
    points = [measurement(*point) for point in measured_points()]
    told = made(record, GPU, "nvidia-h100-sxm-80gb").model_copy(update={"measurements": points})
    for units in (1, 132, None):
        device = GPU.model_copy(update={"units": units})
        here = told.model_copy(update={"device": device})
        (table,) = section(here, rows(here, sheets), sheets)
        assert [one[:3] for one in table.cells] == [
            ("L1 cache", "32.9 TB/s", "256 KiB"), ("L2 cache", "15.1 TB/s to 9.13 TB/s", "64 MiB"),
            ("memory", "3.13 TB/s", "–"),
        ]  # fmt: skip


def test_a_processor_has_three_caches_at_most_though_it_tells_of_none(
    record: Record, sheets: Catalogue
) -> None:
    held = [(MIB / 4, 400e9), (2 * MIB, 300e9), (16 * MIB, 200e9), (96 * MIB, 100e9)]
    points = tuple(measurement(*point) for point in curve([*held, (8 * GIB, 30e9)]))
    device = CORES.model_copy(update={"l2_bytes": None, "llc_bytes": None})
    told = made(record, device, "amd-epyc-9654").model_copy(update={"measurements": points})
    (table,) = section(told, rows(told, sheets), sheets)
    assert len(table.cells) == 4


@pytest.mark.parametrize(("units", "published"), [(96, 384e6), (192, 768e6), (48, None)])
def test_a_whole_processor_has_its_published_cache(
    units: int, published: float | None, record: Record, sheets: Catalogue
) -> None:
    device = CORES.model_copy(update={"units": units})
    last = caches(made(record, device, "amd-epyc-9654"), sheets)
    assert {one.name: one.published_bytes for one in last} == {
        "L2 cache": None, "last-level cache": published,
    }  # fmt: skip


def test_disturbed_and_implausible_sizes_are_left_out(record: Record, sheets: Catalogue) -> None:
    spoilt = Check(passed=False, error=1.0, tolerance=0.0, shape="-")
    done = measurement(3 * MIB, 1e15)
    assert done.timing is not None
    disturbed = done.timing.model_copy(update={"disturbed": (0, 1, 2, 3)})
    bad = [
        measurement(held, 1e15, **changed)
        for held in (2.1 * MIB, 2.2 * MIB, 2.3 * MIB)
        for changed in (
            {"spot_check": spoilt},
            {"timing": disturbed},
            {"conditions": Conditions(cpu_share=0.5)},
            {"kernel": "memory"},
            {"status": "failed"},
        )
    ]
    plain, more = (
        made(record, GPU, "nvidia-h100-sxm-80gb"),
        made(record, GPU, "nvidia-h100-sxm-80gb", *bad),
    )
    both = [list(section(one, rows(one, sheets), sheets)) for one in (plain, more)]
    assert both[0] == both[1]
    assert len(both[0]) == 1


def test_a_record_without_the_curve_has_no_such_table(record: Record, sheets: Catalogue) -> None:
    assert list(section(record, rows(record, sheets), sheets)) == []


@pytest.mark.parametrize(
    ("held", "text"),
    [(48 * KIB, "48 KiB"), (1000 * KIB, "1000 KiB"), (1.5 * MIB, "1.5 MiB"), (2 * GIB, "2 GiB")],
)
def test_sizes_are_told_in_binary_units(held: float, text: str) -> None:
    assert binary(held) == text


def test_the_grid_of_these_tests_grows() -> None:
    assert all(one < other for one, other in pairwise(GRID))
