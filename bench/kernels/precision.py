"""Switches torch's matrix products between full fp32 and tf32, in every torch from 2.6 on."""


def set_precision(dtype: str) -> None:
    """Lets fp32 products run in tf32 for ``tf32`` and forbids it for every other dtype."""
    import torch

    matmul = torch.backends.cuda.matmul
    if hasattr(matmul, "fp32_precision"):  # torch 2.9 and later; the old switch is deprecated
        matmul.fp32_precision = "tf32" if dtype == "tf32" else "ieee"
    else:
        matmul.allow_tf32 = dtype == "tf32"
