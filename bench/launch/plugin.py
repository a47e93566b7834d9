"""The launcher plug-in for Hydra, which passes the combinations of a sweep to a fleet."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from bench.launch.model import Engine
from bench.launch.ray import Ray
from bench.launch.slurm import Slurm

ENGINES: dict[str, Callable[[Mapping[str, Any]], Engine]] = {"slurm": Slurm, "ray": Ray}
"""Engines by the value of ``hydra/launcher=``; each has a file in ``configs/hydra/launcher``."""
SPACE = "hydra_plugins.onpaper"
"""Hydra accepts plug-ins from this namespace only, and looks them up by name in it."""


def register(launch: Callable[[Sequence[Sequence[str]]], None]) -> None:
    """Registers ``hydra_plugins.onpaper.Fleet`` to pass a sweep's combinations to ``launch``."""
    from hydra.core.plugins import Plugins
    from hydra.core.utils import JobReturn
    from hydra.plugins.launcher import Launcher

    class Fleet(Launcher):
        """Hydra's launcher; the fleet itself reports how jobs ended."""

        def __init__(self, **_params: object) -> None:
            super().__init__()

        def setup(self, **_context: object) -> None:
            """Does nothing: each job composes its own config."""

        def launch(
            self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
        ) -> list[JobReturn]:
            """Launches the jobs and returns no results: the results are in the runs' records."""
            del initial_job_idx
            launch(job_overrides)
            return []

    Fleet.__module__, Fleet.__qualname__ = SPACE, "Fleet"
    module = ModuleType(SPACE, "The launcher plug-in, where Hydra looks for it.")
    module.__dict__["Fleet"] = Fleet
    package = _plugin_package()
    sys.modules[SPACE] = package.__dict__["onpaper"] = module
    Plugins.instance().register(Fleet)


def _plugin_package() -> ModuleType:
    """Returns Hydra's plug-in package, an empty one if none is installed."""
    name = SPACE.partition(".")[0]
    try:
        return import_module(name)
    except ImportError:
        package = ModuleType(name)
        package.__path__ = []
        return sys.modules.setdefault(name, package)
