"""The rows of a run while it goes on, called as its table will call them at the end."""

from collections.abc import Sequence
from dataclasses import replace

from bench.chips.load import Catalogue
from bench.fixed import distinct_titles, distinguishing_sizes, named
from bench.measure.runner import Weighted, lost
from bench.records.model import Measurement, Record
from bench.verdict import Row, row_of


class Titled:
    """Turns measurements into rows; sizes are told where the run has several of one title.

    Args:
        items: what the run measures.
        catalogue: where its chip is looked up.
        margin: how far below the published figure still counts as reached, relative.
    """

    def __init__(self, items: Sequence[Weighted], catalogue: Catalogue, margin: float) -> None:
        self._items, self._catalogue, self._margin = items, catalogue, margin
        self._several: frozenset[str] | None = None

    def row(self, record: Record, measurement: Measurement) -> Row:
        """Returns the row of a measurement that is in the record already."""
        if self._several is None:
            self._several = frozenset(self._of_several(record))
        found = row_of(record, measurement, self._catalogue, self._margin)
        if found.title not in self._several:
            return found
        return replace(found, title=named(found.title, distinguishing_sizes(measurement)))

    def _of_several(self, record: Record) -> set[str]:
        """Returns the titles that a run has in several sizes, once its first item is measured.

        What is to come counts as if it were lost: with the sizes that are fixed for it.
        """
        to_come = [lost(one.item, "", 0.0) for one in self._items[1:]]
        every = [*record.measurements, *to_come]
        titles = [row_of(record, one, self._catalogue, self._margin).title for one in every]
        return {
            title for title, told in zip(titles, distinct_titles(titles, every), strict=True)
            if told != title
        }  # fmt: skip
