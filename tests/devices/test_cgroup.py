"""Control groups: their quotas and limits, at the root that is seen and at the process's own."""

from pathlib import Path

import pytest

from bench.devices import cgroup

GIB = 2**30


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tree of control groups."""
    monkeypatch.setattr(cgroup, "ROOT", tmp_path / "cgroup")
    monkeypatch.setattr(cgroup, "MINE", tmp_path / "mine")
    (tmp_path / "cgroup").mkdir()
    return tmp_path


def fill(root: Path, files: dict[str, str], mine: str = "") -> None:
    """Writes files of the tree, and where this process is in it."""
    for name, text in files.items():
        path = root / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if mine:
        (root / "mine").write_text(mine)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "400000 100000"}, 4.0),
        ({"cpu.max": "nonsense"}, None),
        ({"cpu.max": ""}, None),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "250000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2.5),
        ({"cpu/cpu.cfs_quota_us": "250000"}, None),
    ],
    ids=[
        "none", "v2 unlimited", "v2", "v2 bare", "v2 broken", "v2 empty", "v1 unlimited", "v1",
        "v1 half",
    ],
)  # fmt: skip
def test_a_quota_is_read_in_cores(
    files: dict[str, str], expected: float | None, root: Path
) -> None:
    fill(root, files)
    assert cgroup.quota_cores() == expected


SLURM = "system.slice/slurmstepd.scope/job_7/step_0"


@pytest.mark.parametrize(
    ("files", "mine", "expected"),
    [
        ({f"{SLURM}/user/cpu.max": "max 100000", f"{SLURM}/cpu.max": "200000 100000"},
         f"0::/{SLURM}/user\n", 2.0),
        ({f"{SLURM}/cpu.max": "800000 100000", "system.slice/cpu.max": "400000 100000"},
         f"0::/{SLURM}\n", 4.0),
        ({"cpu/slurm/job_7/cpu.cfs_quota_us": "300000",
          "cpu/slurm/job_7/cpu.cfs_period_us": "100000"},
         "4:cpu,cpuacct:/slurm/job_7\n0::/\n", 3.0),
        ({"other/cpu.max": "100000 100000"}, "0::/mine\n", None),
        ({"cpu.max": "100000 100000"}, "0::/../../elsewhere\n", 1.0),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"},
         "4:cpu:/docker/0123\n", 1.0),
        ({"cpu.max": "100000 100000"}, "nonsense\n", 1.0),
    ],
    ids=["above", "least", "v1", "another's", "above the root", "hidden path", "no path"],
)  # fmt: skip
def test_a_quota_holds_for_the_groups_beneath(
    files: dict[str, str], mine: str, expected: float | None, root: Path
) -> None:
    fill(root, files, mine)
    assert cgroup.quota_cores() == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"memory.max": "max", "memory.current": "5"}, None),
        ({"memory.max": "1000000", "memory.current": "400000"}, (1e6, 6e5)),
        ({"memory.max": "1000000", "memory.current": "2000000"}, (1e6, 0.0)),
        ({"memory.max": "1000000", "memory.current": "900000",
          "memory.stat": "anon 100000\nactive_file 1\ninactive_file 700000\n"}, (1e6, 8e5)),
        ({"job/memory.max": f"{4 * GIB}", "job/memory.current": f"{GIB}",
          "memory.max": f"{8 * GIB}", "memory.current": f"{7 * GIB}"}, (4.0 * GIB, 1.0 * GIB)),
        ({"memory/slurm/memory.limit_in_bytes": "1000000",
          "memory/slurm/memory.usage_in_bytes": "900000",
          "memory/slurm/memory.stat": "inactive_file 1\ntotal_inactive_file 500000\n"}, (1e6, 6e5)),
    ],
    ids=["none", "unlimited", "limited", "over", "cache", "nested", "v1"],
)  # fmt: skip
def test_memory_is_the_least_limit_and_room_with_what_the_kernel_gives_up(
    files: dict[str, str], expected: tuple[float, float] | None, root: Path
) -> None:
    fill(root, files, "9:memory:/slurm\n0::/job\n")
    assert cgroup.memory() == expected
