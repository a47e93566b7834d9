"""Fuzzes parsers, guided by coverage: ``python -m tests.fuzz [seconds=60] [TARGET ...]``.

Each target runs in a process of its own. What breaks a parser is kept under tests/fuzz/findings,
where the tests look, and told once for each place in the program; the run goes on. Atheris is
installed by ``make fuzz``; it is in no group of dependencies, having no wheel for every system.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
import time
import traceback
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

FINDINGS = Path(__file__).resolve().parent / "findings"
HERE = Path(__file__).resolve().parents[2]
HANG_S = 30
MOST_MIB = 4_096
BYTEWISE = 0.2
"""The share of changes that are left to libFuzzer, which knows the structure of nothing."""
AFRESH = 0.6
"""Below it, and above that, a valid input is changed: changes of changes are seldom accepted."""


def main(words: list[str]) -> int:
    """Runs the targets named, or all, and returns 1 if any parser broke."""
    if words[:1] == ["--one"]:
        return _one(words[1], float(words[2]))
    seconds = next((float(word[8:]) for word in words if word.startswith("seconds=")), 60.0)
    from tests.fuzz.targets import TARGETS

    names = [word for word in words if "=" not in word] or list(TARGETS)
    if strange := [name for name in names if name not in TARGETS]:
        print(f"no target {strange[0]!r}: choose from {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    calls = ([sys.executable, "-m", "tests.fuzz", "--one", name, str(seconds)] for name in names)
    return max(int(subprocess.run(call, cwd=HERE, check=False).returncode != 0) for call in calls)


def _one(name: str, seconds: float) -> int:
    """Fuzzes one target until its time is over; the process ends in there."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["bench"]):
        from tests.fuzz.mutate import mutated
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    seeds = target.seeds()
    corpus = Path(tempfile.mkdtemp(prefix="onpaper-corpus-"))
    for place, seed in enumerate(seeds):
        (corpus / str(place)).write_bytes(seed)

    def changed(data: bytes, most: int, seed: int) -> bytes:
        rng = Random(seed)
        if (share := rng.random()) < BYTEWISE:
            return bytes(atheris.Mutate(data, most))
        start = rng.choice(seeds) if share < AFRESH else data
        return mutated(start, target.form, rng)[:most]

    feed = _Feed(target, seconds).feed
    limits = [f"-timeout={HANG_S}", f"-report_slow_units={HANG_S}", f"-rss_limit_mb={MOST_MIB}"]
    limits += ["-max_len=100000", "-verbosity=0"]
    kept = f"-artifact_prefix={FINDINGS / name}-"
    atheris.Setup([name, str(corpus), *limits, kept], feed, custom_mutator=changed)
    atheris.Fuzz()
    return 0


class _Feed:
    """Feeds inputs to a target, keeps what breaks it, and ends the process when time is over."""

    def __init__(self, target: Any, seconds: float) -> None:
        self.target, self.seconds = target, seconds
        self.fed = self.accepted = 0
        self.places: set[str] = set()
        self.begun = time.monotonic()

    def feed(self, data: bytes) -> None:
        """Feeds one input."""
        from tests.fuzz.contract import held

        self.fed += 1
        try:
            self.accepted += not held(self.target, data)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is a finding
            self._keep(data, error)
        if time.monotonic() - self.begun > self.seconds:
            self._end()

    def _keep(self, data: bytes, error: Exception) -> None:
        place = _place(error)
        if place in self.places:
            return
        self.places.add(place)
        name = hashlib.sha256(place.encode()).hexdigest()[:12]
        folder = FINDINGS / self.target.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        print(f"{self.target.name}: {place}\n  {folder / name}", file=sys.stderr, flush=True)

    def _end(self) -> None:
        import os

        found = len(self.places)
        rate = self.fed / (time.monotonic() - self.begun)
        print(
            f"{self.target.name}: {self.fed:,} inputs ({rate:.0f}/s), {self.accepted:,} accepted, "
            f"{found or 'no'} finding{'' if found == 1 else 's'}",
            flush=True,
        )
        os._exit(1 if found else 0)


def _place(error: Exception) -> str:
    """Returns what broke and where: the last line of the program itself."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if "/bench/" in one.filename] or list(frames)
    where = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
    broken = type(error).__name__ == "BrokenError"
    told = re.sub(r"[0-9.]+", "#", str(error))[:30] if broken else ""
    return f"{type(error).__name__} at {where} {told}".strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
