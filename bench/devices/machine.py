"""The environment of a run: systems and versions, no user, host or path."""

import platform

from bench.devices import host
from bench.records.model import Machine


def machine(backend: str) -> Machine:
    """Returns the environment; torch is asked only where the device is torch's."""
    facts = {
        "system": platform.system(),
        "kernel": platform.release().split("-")[0],
        "python": platform.python_version(),
        "torch": None,
        "virtual": host.is_virtual(),
    }
    return Machine.model_validate({**facts, **(_torch() if backend != "fake" else {})})


def _torch() -> dict[str, object]:
    import torch

    runtime = torch.version.hip or torch.version.cuda
    kind = "HIP" if torch.version.hip else "CUDA"
    return {
        "torch": torch.__version__,
        "accelerator_runtime": f"{kind} {runtime}" if runtime else None,
        "threads": torch.get_num_threads(),
    }
