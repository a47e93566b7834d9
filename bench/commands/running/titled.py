"""The rows of a run in progress, with the titles that its final table will give them."""

from collections.abc import Sequence
from dataclasses import replace

from bench.chips.load import Catalogue
from bench.judging.sizes import distinct_titles, distinguishing_sizes, named
from bench.judging.verdict import Row, row_of
from bench.measure.runner import Weighted, lost
from bench.records.model import Measurement, Record


class Titled:
    """Turns measurements into rows; a title has sizes if the run has several of that title.

    Args:
        items: the items that the run measures.
        catalogue: the sheets, in which the run's chip is looked up.
        margin: relative shortfall that still counts as reached.
    """

    def __init__(self, items: Sequence[Weighted], catalogue: Catalogue, margin: float) -> None:
        self._items, self._catalogue, self._margin = items, catalogue, margin
        self._several: frozenset[str] | None = None

    def row(self, record: Record, measurement: Measurement) -> Row:
        """Returns the row of a measurement, which the record already contains."""
        if self._several is None:
            self._several = frozenset(self._of_several(record))
        found = row_of(record, measurement, self._catalogue, self._margin)
        if found.title not in self._several:
            return found
        return replace(found, title=named(found.title, distinguishing_sizes(measurement)))

    def _of_several(self, record: Record) -> set[str]:
        """Returns the titles that a run has in several sizes, once its first item is measured.

        Items to come are represented by lost measurements, which have the sizes fixed for them.
        """
        to_come = [lost(one.item, "", 0.0) for one in self._items[1:]]
        planned = [*record.measurements, *to_come]
        titles = [row_of(record, one, self._catalogue, self._margin).title for one in planned]
        return {
            title for title, distinct in zip(titles, distinct_titles(titles, planned), strict=True)
            if distinct != title
        }  # fmt: skip
