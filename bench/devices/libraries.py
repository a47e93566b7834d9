"""Versions of the libraries behind torch on NVIDIA and AMD, and variables that change their speed.

A variable's value is recorded only if it is numbers or known words: others may name a path, a host
or an interface. Then the record says that it is ``set``.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata

PACKAGES = {
    "cuBLAS": ("nvidia-cublas", "nvidia-cublas-cu12", "nvidia-cublas-cu11"),
    "cuSPARSELt": ("nvidia-cusparselt-cu13", "nvidia-cusparselt-cu12"),
    "Triton": ("triton", "pytorch-triton-rocm", "pytorch-triton"),
}
"""Packages that bring a library whose version torch does not tell."""
VARIABLE = re.compile(
    r"(?:NCCL|RCCL)_[A-Z0-9_]{1,40}|TORCH_BLAS_PREFER_[A-Z0-9]{1,20}|NVIDIA_TF32_OVERRIDE"
    r"|CUBLAS_WORKSPACE_CONFIG|CUDA_LAUNCH_BLOCKING|TORCH_ALLOW_TF32_CUBLAS_OVERRIDE"
)
IDENTIFYING = ("NCCL_HOSTID", "NCCL_COMM_ID")
WORDS = (
    "ring|tree|collnet(?:direct|chain)?|nvls(?:tree)?|pat|ll|ll128|simple|loc|nvl|pix|pxb|phb|sys"
    "|true|false|on|off|yes|no|allreduce|allgather|reducescatter|broadcast|reduce"
)
SAFE = re.compile(rf"(?i)[-+:,;^]*(?:(?:\d{{1,12}}|{WORDS})(?:[:,;^]+|$))+")


def versions() -> tuple[str, ...]:
    """Returns the libraries with their versions, such as ``NCCL 2.27.3``, as far as known."""
    return tuple(f"{name} {version}" for name, version in _found() if _is_version(version))


def variables(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Returns the variables that are set and change speeds, such as ``NCCL_ALGO=Ring``."""
    return tuple(
        f"{name}={value if _is_safe(name, value) else 'set'}"
        for name, value in sorted(environment.items())
        if VARIABLE.fullmatch(name)
    )


def _is_safe(name: str, value: str) -> bool:
    return name not in IDENTIFYING and len(value) <= 80 and SAFE.fullmatch(value) is not None


def _found() -> Iterator[tuple[str, str]]:
    import torch

    on_amd = bool(torch.version.hip)
    nccl, code = _asked(torch.cuda.nccl.version), _asked(torch.backends.cudnn.version)
    if isinstance(nccl, tuple):
        yield "RCCL" if on_amd else "NCCL", ".".join(map(str, nccl))
    if isinstance(code, int):
        dotted = f"{code // 10_000}.{code % 10_000 // 100}.{code % 100}"
        yield ("MIOpen", str(code)) if on_amd else ("cuDNN", dotted)
    for name, packages in PACKAGES.items():
        yield name, next(filter(None, map(_installed, packages)), "")


def _asked(version: Callable[[], object]) -> object:
    """Returns a version as torch tells it; None from a torch built without the library."""
    try:
        return version()
    except (AttributeError, RuntimeError):
        return None


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _is_version(text: str) -> bool:
    return re.fullmatch(r"[0-9][0-9A-Za-z.+_-]{0,39}", text) is not None
