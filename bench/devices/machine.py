"""The software environment of a run: system and versions; no user, host name or path."""

import platform

from bench.devices import host, libraries, plugins
from bench.records.machine import Machine


def machine(backend: str) -> Machine:
    """Returns the environment; torch is imported only where the device is driven by it."""
    facts = {
        "system": platform.system(),
        "kernel": platform.release().split("-")[0],
        "python": platform.python_version(),
        "torch": None,
        "virtual": host.is_virtual(),
    }
    return Machine.model_validate({**facts, **(_torch(backend) if backend != "fake" else {})})


def _torch(backend: str) -> dict[str, object]:
    import torch

    return {
        "torch": torch.__version__,
        "accelerator_runtime": _runtime(backend),
        "threads": torch.get_num_threads(),
        "libraries": libraries.versions() if backend == "cuda" else None,
        "variables": libraries.variables() if backend == "cuda" else None,
    }


def _runtime(backend: str) -> str | None:
    """Returns the device type's plug-in with its version, or the runtime torch was built for."""
    import torch

    plugin = plugins.version(backend) if backend not in ("cpu", "cuda") else None
    for name in ("hip", "cuda", backend):
        release = getattr(torch.version, name, None)
        if release and not plugin:
            return f"{name.upper()} {release}"
    return plugin
