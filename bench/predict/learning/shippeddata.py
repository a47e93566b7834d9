"""All shipped data (sheets, models, tables, records, evidence), and everything fitted on them."""

from dataclasses import replace

from bench import paths
from bench.chips.load import catalogue
from bench.evidence.gather import observations
from bench.evidence.load import reports
from bench.evidence.pool import Evidence
from bench.predict.learning.learn import Learnt, learn
from bench.predict.learning.othergroups import other_groups
from bench.predict.learning.reportedpairs import pairs, scatter
from bench.predict.learning.reportedserving import (
    by_groups,
    by_ports,
    on_fitted_vendors,
    port_groups,
    reported_first,
    reported_rows,
)
from bench.predict.learning.reportedtraining import trained_rows, training_logs
from bench.predict.learning.tables import tables
from bench.predict.learning.world import World, own_products
from bench.predict.model.facts import all_facts
from bench.records.store import read
from bench.workloads.load import workloads


def shipped() -> World:
    """Returns the shipped data.

    Raises:
        DataError: a data file has a fault.
    """
    sheets = catalogue()
    chips = all_facts(sheets)
    domestic = frozenset(one.id for one in sheets.chips.values() if one.tier == "domestic")
    files = sorted((paths.data_dir("results") / "records").rglob("*.json"))
    own = own_products(map(read, files), chips)
    models, evidence = workloads(), Evidence(observations(sheets))
    found = list(reports().values())
    serving, training, first = (
        tuple(made(found, chips, models)) for made in (reported_rows, trained_rows, reported_first)
    )
    return World(chips, models, tables(), own, evidence, domestic, serving, training, first)


def learn_all(world: World) -> Learnt:
    """Returns everything fitted on the shipped tables, and how other groups' serving compares."""
    known = learn(world.chips, world.models, world.data)
    fitted = world, known.stack, known.parts
    found = scatter(pairs(world, world.reported_serving, known.stack, known.parts))
    others, ports = (
        {name: replace(one, pairs=found[name]) for name, one in groups.items()}
        for groups in (by_groups(*fitted), by_ports(*fitted))
    )
    for name, logs in training_logs(world, known.stack, known.trainer, known.parts).items():
        if one := other_groups(on_fitted_vendors(logs)):
            others[name] = one
        if one := port_groups(logs):
            ports[name] = one
    return replace(known, others=others, ports=ports)
