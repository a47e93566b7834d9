"""The host: its quotas, its cores and memory in reach, its counters and its power."""

from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from bench.devices import cgroup, host


@pytest.mark.parametrize(
    ("quota", "expected"), [(None, 4), ("max 100000", 4), ("250000 100000", 2), ("50000 100000", 1)]
)
def test_cores_in_reach_heed_the_quota_and_count_a_core_once(
    quota: str | None, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for thread in range(8):
        folder = tmp_path / f"cpu{thread}" / "topology"
        folder.mkdir(parents=True)
        (folder / "physical_package_id").write_text("0\n")
        (folder / "core_id").write_text(f"{thread % 4}\n")
    if quota:
        (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(host, "TOPOLOGY", tmp_path)
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)
    assert host.cores_in_reach() == expected


def test_where_the_topology_is_hidden_a_thread_is_a_core(tmp_path: Path) -> None:
    assert {host.core_of(thread, tmp_path) for thread in (0, 1)} == {("", "0"), ("", "1")}


@pytest.mark.parametrize(
    ("limited", "expected"),
    [(None, (8e9, 3e9)), ((1e6, 6e5), (1e6, 6e5)), ((9e9, 5e9), (8e9, 3e9))],
)
def test_memory_in_reach_heeds_the_control_groups(
    limited: tuple[float, float] | None,
    expected: tuple[float, float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = SimpleNamespace(total=8e9, available=3e9)
    monkeypatch.setattr("psutil.virtual_memory", lambda: told)
    monkeypatch.setattr(cgroup, "memory", lambda: limited)
    assert host.memory_in_reach() == expected


class Times(NamedTuple):
    """CPU times as Linux counts them, in seconds."""

    user: float
    nice: float
    idle: float
    iowait: float
    steal: float
    guest: float
    guest_nice: float


def test_the_time_of_guests_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the 70 s used, 40 ran virtual machines of this host: user and nice time have them in."""
    monkeypatch.setattr("psutil.cpu_times", lambda: Times(60.0, 10.0, 5.0, 5.0, 35.0, 35.0, 5.0))
    told = host.health()
    assert (told.busy_s, told.steal_s) == (105.0, 35.0)


def test_the_hosts_counters_never_go_back() -> None:
    before, after = host.health(), host.health()
    assert before.busy_s is not None
    assert after.busy_s is not None
    assert after.busy_s >= before.busy_s >= 0
    assert (after.involuntary_switches or 0) >= (before.involuntary_switches or 0)


def zone(root: Path, name: str, label: str, energy_uj: int, most_uj: int | None = None) -> Path:
    """A zone of RAPL."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "name").write_text(f"{label}\n")
    (folder / "energy_uj").write_text(f"{energy_uj}\n")
    if most_uj is not None:
        (folder / "max_energy_range_uj").write_text(f"{most_uj}\n")
    return folder


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The host's monotonic clock, stopped: its one element is the time."""
    at = [100.0]
    monkeypatch.setattr("bench.devices.host.time.monotonic", lambda: at[0])
    monkeypatch.setattr(
        "bench.devices.host.time.sleep", lambda seconds: at.__setitem__(0, at[0] + seconds)
    )
    return at


def test_the_power_of_all_packages_is_their_energy_over_the_time(
    tmp_path: Path, clock: list[float]
) -> None:
    """Cores and the platform are parts, or the whole, of what the packages count."""
    zone(tmp_path, "intel-rapl:0", "package-0", 1_000_000)
    zone(tmp_path, "intel-rapl:1", "package-1", 5_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 0)
    zone(tmp_path, "intel-rapl:2", "psys", 0)
    meter = host.PackagePower(tmp_path)
    zone(tmp_path, "intel-rapl:0", "package-0", 201_000_000)
    zone(tmp_path, "intel-rapl:1", "package-1", 105_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 90_000_000)
    zone(tmp_path, "intel-rapl:2", "psys", 90_000_000)
    clock[0] += 2.0
    assert meter.watts() == pytest.approx(150.0)
    clock[0] += 2.0
    assert meter.watts() == 0.0


def test_a_counter_that_wraps_goes_on(tmp_path: Path, clock: list[float]) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 999_999, 999_999)
    meter = host.PackagePower(tmp_path)
    zone(tmp_path, "intel-rapl:0", "package-0", 99_999, 999_999)
    clock[0] += 1.0
    assert meter.watts() == pytest.approx(0.1)


def test_the_first_power_takes_a_moment(tmp_path: Path, clock: list[float]) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 7)
    assert host.PackagePower(tmp_path).watts() == 0.0
    assert clock[0] == 100.0 + host.FIRST_S


def test_counters_that_may_not_be_read_tell_no_power(tmp_path: Path) -> None:
    assert host.PackagePower(tmp_path / "none").watts() is None
    assert host.PackagePower(tmp_path).watts() is None
    folder = zone(tmp_path, "intel-rapl:0", "package-0", 1)
    (folder / "energy_uj").write_text("")
    assert host.PackagePower(tmp_path).watts() is None
    zone(tmp_path, "intel-rapl:0", "package-0", 1)
    meter = host.PackagePower(tmp_path)
    (folder / "energy_uj").unlink()
    assert meter.watts() is None
