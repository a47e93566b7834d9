"""Switches torch's matrix products between full fp32 and tf32, in every torch from 2.6 on."""

import warnings


def set_precision(dtype: str) -> None:
    """Lets fp32 products run in tf32 for ``tf32`` and forbids it for every other dtype.

    This switch sets torch's old and new flags alike; where they differ, parts of torch raise.
    """
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch 2.9 and some later ones call it deprecated
        torch.set_float32_matmul_precision("high" if dtype == "tf32" else "highest")
