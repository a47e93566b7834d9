"""The number of compute units of the GPU in use, by which programs are launched."""

from bench.kernels.common.accelerators import unit_count

UNITS = 128
"""Assumed where torch has no device to ask."""


def units() -> int:
    """Returns the SMs or CUs of the device in use."""
    import torch

    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(torch.cuda.current_device())
        return int(getattr(properties, "multi_processor_count", UNITS))
    generic = getattr(torch, "accelerator", None)
    device = generic.current_accelerator() if generic and generic.is_available() else None
    return (unit_count(device) if device else None) or UNITS
