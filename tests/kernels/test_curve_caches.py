"""Levels are named by the caches they show, and stand beside published and reported sizes."""

import pytest

from bench.chips.load import Catalogue
from bench.judging.levels import Level, levels
from bench.judging.verdict import rows
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
from bench.records.store import read
from bench.report.record.curve import (
    ALL_READ,
    APART,
    FOLLOWED,
    Cache,
    beyond,
    cache_sections,
    caches,
    named,
    shown_levels,
)
from tests.folders import ROOT
from tests.kernels.curve_cases import GIB, MIB, STEPPED, curve, measured_points


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
    (table,) = cache_sections(told, rows(told, sheets), sheets)
    printed = sheets.chips["nvidia-h100-sxm-80gb"].figures["l2_cache"]
    source = sheets.sources[printed.source]
    words = f"50 MiB ({source.title or printed.source})"
    assert table.title == "Caches"
    assert table.cells == (
        ("L1 cache", "420 GB/s", "64 KiB", "–", "–"),
        ("L2 cache", "230 GB/s to 150 GB/s in 2 steps", "32 MiB", words, "40 MiB"),
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
        "gone_bytes": 512 * MIB,  # read from memory without any part of the cache
        "published_bytes": 50 * MIB,
        "source": printed.source,
        "reported_bytes": 40 * MIB,
        "remark": None,
    }


@pytest.mark.parametrize(
    ("cache", "remark"),
    [
        (Cache("L2 cache", 25 * MIB, published_bytes=25 * MIB, reported_bytes=25 * MIB), ""),
        (Cache("L2 cache", 20 * MIB, published_bytes=20 * MIB, reported_bytes=25 * MIB), ""),
        (Cache("L2 cache", 20 * MIB, published_bytes=20 * MIB), "1.6 times the published size: "),
        (Cache("L2 cache", 24 * MIB, reported_bytes=24 * MIB), "1.3 times the reported size: "),
        (None, ""),
    ],
)
def test_a_level_that_holds_more_than_its_cache_has_a_remark(
    cache: Cache | None, remark: str
) -> None:
    cause = "reads that several units share, or a measuring artefact; the rate is at most this"
    found = beyond(Level(1e12, 32 * MIB, 32 * MIB), cache)
    assert found == (remark and f"{remark}{cause}")


def test_the_caches_of_some_cores_are_those_reported(record: Record, sheets: Catalogue) -> None:
    told = made(record, CORES, "amd-epyc-9654")
    (table,) = cache_sections(told, rows(told, sheets), sheets)
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
        (table,) = cache_sections(here, rows(here, sheets), sheets)
        assert [one[:3] for one in table.cells] == [
            ("L1 cache", "32.9 TB/s", "256 KiB"),
            ("L2 cache", "15.1 TB/s to 9.13 TB/s in 3 steps", "64 MiB"),
            ("memory", "3.09 TB/s", "–"),
        ]  # fmt: skip


def test_a_processor_has_three_caches_at_most_though_it_tells_of_none(
    record: Record, sheets: Catalogue
) -> None:
    held = [(MIB / 4, 400e9), (2 * MIB, 300e9), (16 * MIB, 200e9), (96 * MIB, 100e9)]
    points = tuple(measurement(*point) for point in curve([*held, (8 * GIB, 30e9)]))
    device = CORES.model_copy(update={"l2_bytes": None, "llc_bytes": None})
    told = made(record, device, "amd-epyc-9654").model_copy(update={"measurements": points})
    (table,) = cache_sections(told, rows(told, sheets), sheets)
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
    (first,), (second,) = (cache_sections(one, rows(one, sheets), sheets) for one in (plain, more))
    assert (first.cells, first.flat) == (second.cells, second.flat)
    assert first.lines == (ALL_READ,)
    old = plain.model_copy(update={"method_version": 1})
    (table,) = cache_sections(old, rows(old, sheets), sheets)
    assert table.lines == (FOLLOWED,)
    told = "6 of 41 working sets are left out: disturbed, as their remarks say."
    assert second.lines == (ALL_READ, told)


def test_the_rate_of_memory_is_of_sets_that_no_cache_serves(sheets: Catalogue) -> None:
    """An H200's L2 of 60 MiB served part of 256 MiB, read at 106% of the memory's bandwidth."""
    found = read(ROOT / "results/records/2026-11-26/h200-sxm-full.json")
    *_, (name, memory, _) = shown_levels(found, rows(found, sheets), sheets)
    assert name == "memory"
    assert memory.bytes_per_s == pytest.approx(4.54e12, rel=0.001)


def test_a_last_level_that_is_no_memory_has_no_known_end(sheets: Catalogue) -> None:
    """Beyond it, all sets but two of this record were disturbed."""
    found = read(ROOT / "results/records/2026-11-26/epyc-genoa-2-cores-standard.json")
    (table,) = cache_sections(found, rows(found, sheets), sheets)
    assert [one[2] for one in table.cells] == ["64 KiB", "512 KiB or more"]
    assert "19 of 32 working sets are left out: disturbed, as their remarks say." in table.lines


def test_a_record_without_the_curve_has_no_such_table(record: Record, sheets: Catalogue) -> None:
    assert list(cache_sections(record, rows(record, sheets), sheets)) == []
