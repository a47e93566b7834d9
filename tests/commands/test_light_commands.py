"""No command that uses no device loads torch or pandas, and those that calculate little no numpy.

All run one after another in one process, which is asked after each what it has loaded.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.commands.cases import SMOKE
from tests.folders import ROOT
from tests.workloads.test_configured import PUBLISHED, written

RULES_DAY = "on=2024-06-01"
WITHOUT_NUMPY = (
    "chips sort=tpp",
    "compare chips=all baseline=h20",
    f"rules status chips=[h20,rtx4090] {RULES_DAY}",
    "rules timeline chip=h20",
    f"rules explain chip=h20 {RULES_DAY}",
    f"rules whatif chip=h20 {RULES_DAY}",
    f"rules list {RULES_DAY}",
)
WITH_NUMPY = (
    "show chip=h20",
    "check",
    "run --help",
    "evidence chip=h20",
    "evidence chip=910c work=decode",
    "claims chip=h20",
    "claims claim=2023-12-06-semianalysis-mi300x-paper",
    "verdict chips=[h20,h100] rows=true",
    "verdict baseline=h20 chips=[h100]",
    "predict chips=[h20,910b2] workload=llama-3.1-8b",
    "predict chips=[h20,910b2] workload=mine",
    "calibrate record=h200-sxm-calibrate",
    "plot record=h200-sxm-full kind=figures out=OUT",
    "doctor device=fake",
    f"run {' '.join(SMOKE)} out=OUT quiet=true",
)
PROGRAM = """
import json, sys
from bench.__main__ import main
sys.stdout = open("out", "w", encoding="utf-8")
for line in json.loads(sys.argv[1]):
    code = main(line.split())
    print(json.dumps([code, *sorted(set(sys.argv[2:]) & set(sys.modules))]), file=sys.stderr)
"""


def heavy_after(lines: tuple[str, ...], heavy: tuple[str, ...], folder: Path) -> list[list[object]]:
    """Returns each line, its exit code and, after these, the heavy modules then loaded."""
    words = json.dumps([line.replace("OUT", str(folder / "made")) for line in lines])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, words, *heavy],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(folder)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = [json.loads(line) for line in done.stderr.splitlines()]
    return [[line, *rest] for line, rest in zip(lines, told, strict=True)]


def test_what_calculates_little_loads_no_numpy(tmp_path: Path) -> None:
    found = heavy_after(WITHOUT_NUMPY, ("torch", "pandas", "numpy"), tmp_path)
    assert found == [[line, 0] for line in WITHOUT_NUMPY]


def test_what_uses_no_device_loads_no_torch(tmp_path: Path) -> None:
    written(tmp_path, PUBLISHED["qwen3-8b"])
    found = heavy_after(WITH_NUMPY, ("torch", "pynvml", "pandas", "matplotlib.pyplot"), tmp_path)
    assert found == [[line, 0] for line in WITH_NUMPY]
