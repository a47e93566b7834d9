"""How far rival or missing figures of a sheet move a predicted time."""

import numpy as np

from bench.predict.assumptions import UNKNOWN_LINK, UNKNOWN_NETWORK, no_link, no_network
from bench.predict.learning.learn import Learnt
from bench.predict.learning.trainingruns import TRAIN, TRAIN_EXPERTS
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.step import Step
from bench.predict.scenario import Scenario


def sheet_half(chip: Facts, scenario: Scenario, work: Step, known: Learnt) -> Array:
    """Returns how far rival figures move the log time: each by its share of the time.

    A rate at which steps were measured counts as certain, whatever else is printed: the compute
    rate if prefill or training ran on the same silicon, the bandwidth if decode ran on this chip.
    Messages that overlap with other work count in full, because a slower link would expose them.

    Users see this wider interval, but validation leaves it out. Validation asks whether the model's
    own part is as wide as its errors; disputes over the sheets of a few measured chips would only
    hide it if that part were too narrow.
    """
    doubts = _doubts(chip, scenario, known)
    total = work.seconds
    half = np.zeros_like(total)
    for one in work.parts:
        busy = np.maximum(one.compute + one.memory + one.link, 1e-30)
        spent = np.maximum(one.seconds, one.link)
        for key, doubt in doubts.items():
            half = half + doubt * getattr(one, key) / busy * spent / total
    return half


def _doubts(chip: Facts, scenario: Scenario, known: Learnt) -> dict[str, float]:
    """Returns the log range of rival figures by resource, leaving out rates that are certain."""
    trained = TRAIN_EXPERTS if scenario.workload.experts else TRAIN
    computed = known.parts[trained if scenario.phase == "train" else "prefill"]
    certain = {
        "compute": any(one.silicon == chip.silicon for one in computed.labels),
        "memory": any(one.chip == chip.chip for one in known.parts["decode"].labels),
        "link": False,
    }
    doubts = {
        "compute": chip.doubt.get(chip.name_of(scenario.precision.rate), 0.0),
        "memory": chip.doubt.get("bandwidth", 0.0),
        "link": chip.doubt.get("link", 0.0),
    }
    if no_link(chip, scenario):
        doubts["link"] = UNKNOWN_LINK
    elif no_network(chip, scenario):
        doubts["link"] = UNKNOWN_NETWORK
    return {key: doubt for key, doubt in doubts.items() if not certain[key]}
