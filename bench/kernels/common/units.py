"""The number of compute units of the GPU in use, for the number of programs to launch."""

from bench.kernels.common.accelerators import unit_count

UNITS = 128
"""Number of units that is assumed if torch does not report it."""


def units() -> int:
    """Returns the number of SMs or CUs of the current device."""
    import torch

    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(torch.cuda.current_device())
        return int(getattr(properties, "multi_processor_count", UNITS))
    generic = getattr(torch, "accelerator", None)
    device = generic.current_accelerator() if generic and generic.is_available() else None
    return (unit_count(device) if device else None) or UNITS
