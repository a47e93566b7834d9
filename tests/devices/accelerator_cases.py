"""Plug-ins of torch as they differ, for tests of accelerators."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.devices import plugins


def plug_in(monkeypatch: pytest.MonkeyPatch, **calls: Any) -> SimpleNamespace:
    """A plug-in's module in torch, such as ``torch.npu``, of two devices, with the calls given."""
    whole = {
        "is_available": lambda: True, "device_count": lambda: 2, "synchronize": lambda *_: None,
        "set_device": lambda _: None, **calls,
    }  # fmt: skip
    module = SimpleNamespace(**{name: call for name, call in whole.items() if call is not None})
    monkeypatch.setattr(torch, "get_device_module", lambda _: module)
    monkeypatch.setattr(plugins, "modules", lambda _: ())
    plugins.load.cache_clear()
    return module
