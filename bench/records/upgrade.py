"""Upgrades records of older schemas, one version at a time."""

from collections.abc import Callable
from typing import Any

from bench.records.model import SCHEMA

Data = dict[str, Any]


def _from_1(data: Data) -> Data:
    """Schema 2 added ``device.uid`` and ``machine.node``, unknown in older records.

    It also allows any backend name, where schema 1 had only cpu, cuda and fake.
    """
    return data


STEPS: dict[int, Callable[[Data], Data]] = {1: _from_1}
"""The upgrade from each version to the next, by the version it reads."""


def upgraded(data: Data, version: int) -> Data:
    """Returns a record's data in the current schema; ``data`` is not modified.

    Raises:
        KeyError: the version is unknown.
    """
    for step in range(version, SCHEMA):
        data = {**STEPS[step](data), "schema_version": step + 1}
    return data
