"""What a run was asked for and does not have, by its own settings."""

import dataclasses

from bench.errors import UsageError
from bench.kernels.registry import kernel
from bench.measure.item import Item
from bench.measure.ranks import alone
from bench.measure.resume import SPELLED, config_of
from bench.measure.runner import lost
from bench.measure.suite import items
from bench.records.model import Measurement, Record
from bench.shapes import RunConfig

LACKS = "it is not in this run"


def lacking(record: Record) -> list[Measurement]:
    """Returns a skipped measurement for each item that a run did not get to.

    A complete record lacks none; of a suite that is not known here, none is known.
    """
    if record.state == "complete":
        return []
    left = list(record.measurements)
    return [_skipped(item) for item in _asked(record) if not _taken(item, left)]


def _asked(record: Record) -> list[Item]:
    keys = {one.name for one in dataclasses.fields(RunConfig)} | SPELLED.keys()
    told = {key: of for key, of in record.settings.items() if key in keys or "." in key}
    try:
        known = record.model_copy(update={"settings": told})
        found = items(config_of(known, RunConfig()))
    except UsageError:
        return []
    kept = found if "ranks" in record.settings else alone(found)
    return [one.item for one in kept]


def _taken(item: Item, left: list[Measurement]) -> bool:
    """Takes the measurement of an item out of those that are left; tells whether there is one."""
    for place, one in enumerate(left):
        if _is_of(one, item):
            del left[place]
            return True
    return False


def _is_of(one: Measurement, item: Item) -> bool:
    """Tells whether a measurement is of an item; a label may tell more than the form."""
    found = kernel(item.kernel)

    def label(variant: str) -> str:
        return found.label(found.pilot(item.dtype, item.data, variant))

    others = {label(other) for other in found.variants(item.dtype)} - {label(item.variant)}
    alike = (one.kernel, one.dtype, one.data) == (item.kernel, item.dtype, item.data)
    stream = found.pilot(item.dtype, item.data, item.variant).parameters.get("stream")
    sized = all(one.parameters.get(key) == size for key, size in item.fixed.items())
    formed = one.label not in others and one.parameters.get("stream") == stream
    return alike and formed and sized


def _skipped(item: Item) -> Measurement:
    told = {"status": "skipped", "reason": LACKS}
    return lost(item, "", 0.0).model_copy(update=told)
