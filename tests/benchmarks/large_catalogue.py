"""Times every command of the paper side, with the shipped catalogue and with 5,000 sheets.

    python tests/benchmarks/large_catalogue.py [sheets] [repeats]

The large one holds the shipped sheets and copies of them under other names, in a copy of the
program, so that the real command line is what is timed: start-up, load and output. The first
load parses every sheet; the runs after it find them parsed in a cache of their own.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import paths

COMMANDS = (
    "chips",
    "chips where=[memory_bandwidth>=4TB/s] sort=tpp columns=name,tpp,memory_bandwidth",
    "show chip=h20",
    "compare chips=昇腾910B,910b2,h20 baseline=h20",
    "compare chips=export-tier baseline=h100 sources=true",
    "rules on=2025-08-15",
    "rules chips=all on=2026-02-01",
    "rules timeline chip=h20",
    "rules explain chip=h20 on=2024-06-01",
    "rules whatif chip=h20 on=2024-06-01",
    "check",
)
OWN = re.compile(r"(?m)^(?:aliases|local_name):.*\n(?:  .*\n)*|^identity:\n(?:  .*\n)*")
"""What two sheets may not share: the names they answer to."""
NAME = re.compile(r"(?m)^name: [^\"'\n]+|(?<=^name: [\"'])[^\"'\n]+")


def main(words: list[str]) -> None:
    """Prints a line a command: median and slowest, shipped and large."""
    sheets = int(words[0]) if words else 5000
    repeats = int(words[1]) if len(words) > 1 else 3
    with tempfile.TemporaryDirectory() as folder:
        small = program(Path(folder) / "shipped", 0)
        large = program(Path(folder) / "large", sheets)
        print(f"{'command':<82} {'shipped':>14} {f'{sheets} sheets':>14}   first load")
        first = timed("chips", large)
        for command in COMMANDS:
            both = [[timed(command, place) for _ in range(repeats)] for place in (small, large)]
            print(f"{command:<82} {told(both[0]):>14} {told(both[1]):>14}")
        print(f"first load of {sheets} sheets, with 'chips': {first:.2f} s")


def program(place: Path, sheets: int) -> Path:
    """Returns a copy of the program whose catalogue has at least this many sheets."""
    for name in ("bench", "specs", "configs"):
        shutil.copytree(paths.PACKAGE.parent / name, place / name)
    chips = place / "specs" / "chips"
    shipped = [path for path in sorted(chips.iterdir()) if "members:" not in path.read_text()]
    for number in range(max(0, sheets - len(list(chips.iterdir())))):
        source, copy = shipped[number % len(shipped)], number // len(shipped) + 1
        text = OWN.sub("", source.read_text(encoding="utf-8"))
        text = NAME.sub(rf"\g<0> copy {copy}", text, count=1)
        (chips / f"{source.stem}-copy{copy}.yaml").write_text(text, encoding="utf-8")
    return place


def timed(command: str, place: Path) -> float:
    """Returns the seconds of one run of the real command line."""
    env = {**os.environ, "PYTHONPATH": str(place), "XDG_CACHE_HOME": str(place / "cache")}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "bench", *command.split()],
        cwd=place, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{command}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return seconds


def told(seconds: list[float]) -> str:
    """Returns median and slowest."""
    return f"{statistics.median(seconds):.2f} / {max(seconds):.2f}"


if __name__ == "__main__":
    main(sys.argv[1:])
