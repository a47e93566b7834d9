"""Reads records of older schemas: one function a version, each to the next."""

from collections.abc import Callable
from typing import Any

from bench.records.model import SCHEMA

Data = dict[str, Any]


def _from_1(data: Data) -> Data:
    """Schema 2 added ``device.uid`` and ``machine.node``, which older records leave unknown.

    It names a device's backend by any word, where schema 1 knew cpu, cuda and fake.
    """
    return data


STEPS: dict[int, Callable[[Data], Data]] = {1: _from_1}
"""By the version that each reads; what it returns is of the next."""


def upgraded(data: Data, version: int) -> Data:
    """Returns a record's data in today's shape; ``data`` is left as it is.

    Raises:
        KeyError: no function reads this version.
    """
    for step in range(version, SCHEMA):
        data = {**STEPS[step](data), "schema_version": step + 1}
    return data
