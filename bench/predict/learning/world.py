"""All that is known when something is fitted or predicted unseen: sheets, models, times."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from bench.evidence.pool import Evidence
from bench.predict.learning.experts import fixed
from bench.predict.learning.fit import Case, cases, fit
from bench.predict.learning.learn import DENSE, EXPERTS, LAYERS, SERVING, STEPS
from bench.predict.learning.own import plain
from bench.predict.learning.tables import Row, Table, decoding
from bench.predict.model.facts import Facts
from bench.predict.model.stack import Stack
from bench.records.model import Measurement, Record
from bench.workloads.model import Workload


@dataclass(frozen=True)
class World:
    """All that is known: sheets, models, tables of measured times, products measured here.

    Attributes:
        own: products that this program measured.
        evidence: what was measured of figures, by every group.
        domestic: ids of chips designed in China.
        reported: serving that others reported.
        trained: training that others reported.
    """

    chips: Mapping[str, Facts]
    models: Mapping[str, Workload]
    data: Mapping[str, Table]
    own: tuple[Row, ...] = ()
    evidence: Evidence | None = None
    domestic: frozenset[str] = frozenset()
    reported: tuple[Row, ...] = ()
    trained: tuple[Row, ...] = ()
    _stacks: dict[frozenset[str], Stack] = field(default_factory=dict, compare=False, repr=False)

    @property
    def serving(self) -> tuple[Row, ...]:
        """Returns the rows of serving whose batch is known, of the table that is fitted on."""
        return decoding(self.data[SERVING].rows)

    @property
    def unseen(self) -> tuple[Row, ...]:
        """Returns the same of other tables: they are predicted, and no fit takes them.

        They are of one model over months of engines, and on AMD's chips tell as much of a month's
        software as of a chip.
        """
        others = (one for name, one in self.data.items() if name != SERVING)
        return decoding(row for one in others if one.told.kind == "serving" for row in one.rows)

    def cases(self, without: Collection[str] = ()) -> list[Case]:
        """Returns the measured steps, but for those of some chips."""
        rows = [row for row in self.data[STEPS].rows if row.chip not in without]
        return cases(rows, self.chips, self.models)

    def stack(self, without: Collection[str] = ()) -> Stack:
        """Returns the stack as steps and layers of experts tell it, but for those of some chips."""
        steps, layers = self.data[STEPS].rows, self.data[LAYERS].rows
        held = frozenset(without) & {row.chip for row in (*steps, *layers)}
        if held not in self._stacks:
            kept = [row for row in layers if row.chip not in held]
            self._stacks[held] = fit(self.cases(held), fixed(kept, self.chips))
        return self._stacks[held]


def vendors(world: World) -> frozenset[str]:
    """Returns the vendors whose chips a fit of serving has."""
    return frozenset(world.chips[row.chip].vendor for row in world.serving)


def kind(world: World, row: Row) -> str:
    """Returns which part a row of serving is of."""
    return EXPERTS if world.models[row.words["model"]].experts is not None else DENSE


def own_products(records: Iterable[Record], chips: Mapping[str, Facts]) -> tuple[Row, ...]:
    """Returns matrix products of records on accelerators; their software is the suite's name.

    The best of many shapes is no fair draw, and is left out.
    """
    return tuple(
        _row(record, one)
        for record in records
        for one in record.measurements
        if record.identity.chip in chips and plain(one)
    )


def _row(record: Record, one: Measurement) -> Row:
    words = {"chip": record.identity.chip or "", "stack": record.suite, "dtype": one.dtype}
    seconds_ = one.timing.stats.median_s if one.timing else math.nan
    return Row(words, {**{key: float(one.parameters[key]) for key in "mnk"}, "us": seconds_ * 1e6})
