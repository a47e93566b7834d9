"""The launcher that Hydra is given: it hands the combinations of a sweep to a fleet."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from bench.launch.model import Engine
from bench.launch.ray import Ray
from bench.launch.slurm import Slurm

ENGINES: dict[str, Callable[[Mapping[str, Any]], Engine]] = {"slurm": Slurm, "ray": Ray}
"""By the word of ``hydra/launcher=``; each has a file in ``configs/hydra/launcher``."""
SPACE = "hydra_plugins.onpaper"
"""Hydra takes plugins of this name space only, and looks them up by their names in it."""


def register(launch: Callable[[Sequence[Sequence[str]]], None]) -> None:
    """Makes ``hydra_plugins.onpaper.Fleet`` hand all combinations of a sweep to ``launch``."""
    from hydra.core.plugins import Plugins
    from hydra.core.utils import JobReturn
    from hydra.plugins.launcher import Launcher

    class Fleet(Launcher):
        """Hands over; how jobs ended is told by the fleet, not to Hydra."""

        def __init__(self, **_params: object) -> None:
            super().__init__()

        def setup(self, **_context: object) -> None:
            """Needs nothing of Hydra's: each job composes its own config."""

        def launch(
            self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
        ) -> list[JobReturn]:
            """Returns no results: what a run comes to is in its record."""
            del initial_job_idx
            launch(job_overrides)
            return []

    Fleet.__module__, Fleet.__qualname__ = SPACE, "Fleet"
    module = ModuleType(SPACE, "What is made here, where Hydra looks for it.")
    module.__dict__["Fleet"] = Fleet
    above = _above()
    sys.modules[SPACE] = above.__dict__["onpaper"] = module
    Plugins.instance().register(Fleet)


def _above() -> ModuleType:
    """Returns Hydra's plug-in package, an empty one if none is installed."""
    name = SPACE.partition(".")[0]
    try:
        return import_module(name)
    except ImportError:
        made = ModuleType(name)
        made.__path__ = []
        return sys.modules.setdefault(name, made)
