"""Items that a run was to measure, by its settings, and did not get to."""

import dataclasses

from bench.errors import UsageError
from bench.kernels.registry import kernel
from bench.measure.item import Item, is_of
from bench.measure.ranks import alone
from bench.measure.resume import SPELLED, config_of
from bench.measure.runner import lost
from bench.measure.suite import items
from bench.records.model import Measurement, Record
from bench.shapes import RunConfig

LACKS = "it is not in this run"


def lacking(record: Record) -> list[Measurement]:
    """Returns a skipped measurement for each item that a run did not get to.

    None for a complete record, or where the suite is unknown here.
    """
    if record.state == "complete":
        return []
    left = list(record.measurements)
    return [_skipped(item) for item in _expected(record) if not _taken(item, left)]


def _expected(record: Record) -> list[Item]:
    """Returns the items of the record's suite and settings; none where they are unknown here."""
    keys = {field.name for field in dataclasses.fields(RunConfig)} | SPELLED.keys()
    settings = {key: of for key, of in record.settings.items() if key in keys or "." in key}
    try:
        known = record.model_copy(update={"settings": settings})
        weighted = items(config_of(known, RunConfig()))
    except UsageError:
        return []
    expected = weighted if "ranks" in record.settings else alone(weighted)
    return [one.item for one in expected]


def _taken(item: Item, left: list[Measurement]) -> bool:
    """Removes the measurement of an item from ``left``; returns whether there was one."""
    for place, measurement in enumerate(left):
        if _matches(measurement, item):
            del left[place]
            return True
    return False


def _matches(measurement: Measurement, item: Item) -> bool:
    """Returns whether a measurement is of an item, by its stream and fixed sizes, too."""
    pilot = kernel(item.kernel).pilot(item.dtype, item.data, item.variant)
    expected = {"stream": pilot.parameters.get("stream"), **item.fixed}
    parameters = measurement.parameters
    same = all(parameters.get(name) == value for name, value in expected.items())
    return same and is_of(measurement, item)


def _skipped(item: Item) -> Measurement:
    return lost(item, "", 0.0).model_copy(update={"status": "skipped", "reason": LACKS})
