"""Other input patterns on the same configuration, so that only the inputs differ."""

from dataclasses import replace

from bench.kernels.registry import kernel
from bench.measure.item import Item
from bench.records.model import Measurement, Record

PLAIN = "normal"
"""The default input pattern."""


def alike(item: Item, record: Record) -> Item:
    """Returns an item with the configuration that the search found for the run's own inputs.

    Unchanged where there is none yet, or where sizes are fixed.
    """
    data = record.settings.get("data", PLAIN)
    if item.data == data or set(item.fixed) & set(kernel(item.kernel).sizes):
        return item
    own = [one for one in record.measurements if one.data == data and _is_its_pattern(one, item)]
    if not own:
        return item
    return replace(item, fixed={**own[-1].parameters, **item.fixed}, proven=True)


def _is_its_pattern(one: Measurement, item: Item) -> bool:
    same = (one.kernel, one.dtype) == (item.kernel, item.dtype)
    form = str(one.parameters.get("variant", "")) == item.variant
    return same and form and one.search is not None and one.status == "ok"
