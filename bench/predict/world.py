"""Everything that is shipped, as validation takes it: sheets, models, tables, records, evidence."""

from bench import paths
from bench.chips.load import catalogue
from bench.evidence.gather import observations
from bench.evidence.load import reports
from bench.evidence.pool import Evidence
from bench.predict.facts import every
from bench.predict.heldout import World, own_products
from bench.predict.reported import reported_rows
from bench.predict.reportedtraining import trained_rows
from bench.predict.tables import tables
from bench.records.store import read
from bench.workloads.load import workloads


def shipped() -> World:
    """Returns the shipped world.

    Raises:
        DataError: a file of data is at fault.
    """
    sheets = catalogue()
    chips = every(sheets)
    domestic = frozenset(one.id for one in sheets.chips.values() if one.tier == "domestic")
    places = sorted((paths.data_dir("results") / "records").rglob("*.json"))
    own = own_products(map(read, places), chips)
    models, evidence = workloads(), Evidence(observations(sheets))
    found = list(reports().values())
    told, trained = (made(found, chips, models) for made in (reported_rows, trained_rows))
    return World(chips, models, tables(), own, evidence, domestic, tuple(told), tuple(trained))
