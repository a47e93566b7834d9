"""How many units a GPU has, so that as many programs run as it holds."""

from bench.kernels.common.accelerators import unit_count

UNITS = 128
"""Assumed where torch has no device to ask."""


def units() -> int:
    """Returns the SMs or CUs of the device in use."""
    import torch

    if torch.cuda.is_available():
        told = torch.cuda.get_device_properties(torch.cuda.current_device())
        return int(getattr(told, "multi_processor_count", UNITS))
    generic = getattr(torch, "accelerator", None)
    found = generic.current_accelerator() if generic and generic.is_available() else None
    return (unit_count(found) if found else None) or UNITS
