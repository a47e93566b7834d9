"""What a record tells of the software: markers, versions, and no values of variables."""

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from bench.devices import cuda, machine
from bench.records.model import Machine


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
