"""Upgrades records of older schemas, one version at a time."""

from collections.abc import Callable
from typing import Any

from bench.records.model import SCHEMA

Data = dict[str, Any]


LINKS = ("host_link", "peer")
ONE_WAY = ", one direction"


def _from_1(data: Data) -> Data:
    """Schema 2 added ``device.uid`` and ``machine.node``, unknown in older records.

    It also allows any backend name, where schema 1 had only cpu, cuda and fake. Copies one way
    between host and device named no figure in it, and the label of a link the direction, which
    the figure's title has.
    """
    return _changed(data, _with_direction)


def _with_direction(measurement: Any) -> Any:  # noqa: ANN401 -- not yet validated
    """Returns a copy one way with its figure; unchanged if it is another measurement."""
    if not (isinstance(measurement, dict) and measurement.get("kernel") in LINKS):
        return measurement
    label = measurement.get("label")
    if not (isinstance(label, str) and ONE_WAY in label):
        return measurement
    figures = measurement.get("figures") or ["pcie_bandwidth_oneway"]
    return {**measurement, "figures": figures, "label": label.replace(ONE_WAY, "")}


def _from_2(data: Data) -> Data:
    """Schema 3 has the burst of whole windows, with their duration, recomputed from the samples.

    Before, a window had at most a quarter of the samples, often 5 to 18 ms, and was called 20 ms.
    """
    return _changed(data, _with_burst)


def _changed(data: Data, change: Callable[[Any], Any]) -> Data:
    """Returns the data with each measurement as ``change`` gives it."""
    measured = data.get("measurements")
    if not isinstance(measured, list):
        return data
    return {**data, "measurements": [change(one) for one in measured]}


def _with_burst(measurement: Any) -> Any:  # noqa: ANN401 -- not yet validated
    """Returns a measurement with its burst recomputed; unchanged if it is not valid."""
    try:
        timing = measurement["timing"]
        series = timing["samples_s"], timing["batch_calls"], timing.get("rested_s", ())
        if not series[0] or series[1] < 1:
            return measurement
        from bench.measure.stats import best_window

        burst_s, window_s = best_window(*series)
        stats = {**timing["stats"], "burst_s": burst_s, "burst_window_s": window_s}
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError):
        return measurement
    return {**measurement, "timing": {**timing, "stats": stats}}


UPGRADES: dict[int, Callable[[Data], Data]] = {1: _from_1, 2: _from_2}
"""The upgrade from each version to the next, by the version it reads."""


def upgraded(data: Data, version: int) -> Data:
    """Returns a record's data in the current schema; ``data`` is not modified.

    Raises:
        KeyError: the version is unknown.
    """
    for step in range(version, SCHEMA):
        data = {**UPGRADES[step](data), "schema_version": step + 1}
    return data
