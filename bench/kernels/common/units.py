"""How many units a GPU has, so that as many programs run as it holds."""

UNITS = 128
"""Assumed where torch has no device to ask."""


def units() -> int:
    """Returns the SMs or CUs of the device in use."""
    import torch

    if not torch.cuda.is_available():
        return UNITS
    told = torch.cuda.get_device_properties(torch.cuda.current_device())
    return int(told.multi_processor_count)
