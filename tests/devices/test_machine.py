"""What a record tells of the software: markers, versions, and no values of variables."""

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from bench.bundle.private import private_texts
from bench.devices import cuda, libraries, machine
from bench.records.machine import Machine


def test_markers_name_versions_modules_and_variables_and_no_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vendor = SimpleNamespace(modules=("json", "no_such_module"), env=("MARK_SET", "MARK_UNSET"))
    monkeypatch.setattr(cuda, "vendors", lambda: {"some": vendor})
    monkeypatch.setenv("MARK_SET", "/home/ada/secret")
    monkeypatch.delenv("MARK_UNSET", raising=False)
    assert cuda.markers() == (
        f"torch {torch.__version__}", "module json", "variable MARK_SET",
    )  # fmt: skip


def test_the_environment_of_the_fake_has_no_torch() -> None:
    program = (
        "import sys; from bench.devices.machine import machine\n"
        "print(machine('fake').torch, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "None False\n"


def test_the_environment_of_a_real_device_has_versions() -> None:
    told = machine.machine("cpu")
    assert isinstance(told, Machine)
    assert (told.torch, told.threads) == (torch.__version__, torch.get_num_threads())
    assert re.fullmatch(r"[\w.+]+", told.kernel)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("NCCL_ALGO", "Ring,Tree", "Ring,Tree"),
        ("NCCL_PROTO", "^LL128", "^LL128"),
        ("NCCL_MIN_NCHANNELS", "16", "16"),
        ("CUBLAS_WORKSPACE_CONFIG", ":4096:8", ":4096:8"),
        ("TORCH_BLAS_PREFER_CUBLASLT", "1", "1"),
        ("NVIDIA_TF32_OVERRIDE", "0", "0"),
        ("NCCL_TOPO_FILE", "/home/ada/topo.xml", "set"),
        ("NCCL_SOCKET_IFNAME", "ada-laptop", "set"),
        ("NCCL_COMM_ID", "10.0.0.1:99", "set"),
        ("NCCL_HOSTID", "17", "set"),
        ("NCCL_ALGO", "", "set"),
        ("NCCL_ALGO", "1" * 5000 + "x", "set"),
        ("LD_PRELOAD", "1", None),
    ],
)
def test_variables_are_told_with_numbers_and_known_words_only(
    name: str, value: str, told: str | None
) -> None:
    found = libraries.variables({name: value})
    assert found == (() if told is None else (f"{name}={told}",))
    Machine(system="s", kernel="k", python="3", torch="2", variables=found)


def test_versions_of_libraries_are_those_of_torch_and_of_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = {"nvidia-cublas-cu12": "12.8.4.1", "triton": "3.5.0"}
    monkeypatch.setattr(libraries, "_installed", lambda name: there.get(name, ""))
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)
    monkeypatch.setattr(torch.cuda.nccl, "version", lambda: (2, 27, 3))
    found = libraries.versions()
    assert found == ("NCCL 2.27.3", "cuDNN 9.10.2", "cuBLAS 12.8.4.1", "Triton 3.5.0")
    told = {"machine": {"libraries": list(found)}}
    assert list(private_texts(told)) == []
    Machine(system="s", kernel="k", python="3", torch="2", libraries=found)


def test_a_torch_without_accelerators_has_no_libraries() -> None:
    assert machine.machine("cpu").libraries is None
