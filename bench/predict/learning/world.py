"""All data that fits and predictions start from: sheets, models, measured times."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from bench.evidence.pool import Evidence
from bench.predict.learning.experts import experts_stack
from bench.predict.learning.fit import Case, cases, fit
from bench.predict.learning.learn import LAYERS, SERVING, STEP_TABLE, UNFITTED
from bench.predict.learning.ownrecords import is_plain_product
from bench.predict.learning.tables import Row, Table, decoding
from bench.predict.model.facts import Facts
from bench.predict.model.stack import Stack
from bench.records.model import Measurement, Record
from bench.workloads.model import Workload


@dataclass(frozen=True)
class World:
    """All data: sheets, models, tables of measured times, and evidence.

    Attributes:
        chips: facts of every accelerator, by id.
        models: every workload, by id.
        data: tables of measured times, by id.
        own_products: matrix products that this program measured.
        evidence: measurements of sheets' figures by every group.
        domestic: ids of chips designed in China.
        reported_serving: serving that others reported.
        reported_training: training that others reported.
        reported_first: TTFT of requests by themselves that others reported.
        errors: log errors of the rows of ``reported_serving``, by stack; ``logs_by_group`` adds
            those of each stack that it meets.
    """

    chips: Mapping[str, Facts]
    models: Mapping[str, Workload]
    data: Mapping[str, Table]
    own_products: tuple[Row, ...] = ()
    evidence: Evidence | None = None
    domestic: frozenset[str] = frozenset()
    reported_serving: tuple[Row, ...] = ()
    reported_training: tuple[Row, ...] = ()
    reported_first: tuple[Row, ...] = ()
    _stacks: dict[frozenset[str], Stack] = field(default_factory=dict, compare=False, repr=False)
    errors: dict[Stack, tuple[float, ...]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    @property
    def serving(self) -> tuple[Row, ...]:
        """Returns the rows with a known batch of the serving table that is fitted on."""
        return decoding(self.data[SERVING].rows)

    @property
    def unfitted_serving(self) -> tuple[Row, ...]:
        """Returns the rows with a known batch of all other serving tables, which are not fitted.

        They cover models of their own, or engines of many months. On AMD's chips they depend as
        much on the software of the month as on the chip.
        """
        others = (table for name, table in self.data.items() if name != SERVING)
        return decoding(
            row for table in others if table.head.kind == "serving" for row in table.rows
        )

    @property
    def disaggregated(self) -> tuple[Row, ...]:
        """Returns the rows of serving with prefill on chips of its own, which are not fitted."""
        kept = (one for one in self.data.values() if one.head.kind == UNFITTED)
        return tuple(row for table in kept for row in table.rows)

    def cases(self, without: Collection[str] = ()) -> list[Case]:
        """Returns the measured steps, without those on some chips."""
        rows = [row for row in self.data[STEP_TABLE].rows if row.chip not in without]
        return cases(rows, self.chips, self.models)

    def stack(self, without: Collection[str] = ()) -> Stack:
        """Returns the stack fitted on steps and layers of experts, without those on some chips."""
        steps, layers = self.data[STEP_TABLE].rows, self.data[LAYERS].rows
        left_out = frozenset(without) & {row.chip for row in (*steps, *layers)}
        if left_out not in self._stacks:
            kept = [row for row in layers if row.chip not in left_out]
            self._stacks[left_out] = fit(self.cases(left_out), experts_stack(kept, self.chips))
        return self._stacks[left_out]


def vendors(world: World) -> frozenset[str]:
    """Returns the vendors with chips in the serving fit."""
    return frozenset(world.chips[row.chip].vendor for row in world.serving)


def own_products(records: Iterable[Record], chips: Mapping[str, Facts]) -> tuple[Row, ...]:
    """Returns the plain matrix products of records on accelerators, with the suite as software."""
    return tuple(
        _row(record, one)
        for record in records
        for one in record.measurements
        if record.identity.chip in chips and is_plain_product(one)
    )


def _row(record: Record, measurement: Measurement) -> Row:
    words = {"chip": record.identity.chip or "", "stack": record.suite, "dtype": measurement.dtype}
    sizes = {key: float(measurement.parameters[key]) for key in "mnk"}
    seconds = measurement.timing.stats.median_s if measurement.timing else math.nan
    return Row(words, {**sizes, "us": seconds * 1e6})
