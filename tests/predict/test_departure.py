"""Chips of a vendor that no engine was fitted on are expected to be served as by other groups."""

import math
from collections import Counter
from dataclasses import asdict, replace
from functools import cache

import numpy as np
import pytest

from bench.__main__ import main
from bench.predict.learning.departure import (
    SOFTWARE,
    departure,
    difference,
    group_effect,
    has_fitted_vendor,
    power_variance,
)
from bench.predict.learning.learn import DENSE, EXPERTS, Learnt, load
from bench.predict.learning.othergroups import OtherGroups
from bench.predict.learning.reportedserving import by_groups, by_ports, port_groups
from bench.predict.learning.shippeddata import shipped as everything
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.stack import NETWORK_SET_ON
from bench.predict.validation.reportedserving import reported_serving, set_on
from bench.predict.validation.serving import unfitted_vendors
from tests.commands.command_cases import document
from tests.predict.cases import made

shipped = cache(everything)
GROUPS = OtherGroups(low=0.9, middle=1.3, high=1.8, spread=0.2, groups=10, values=40)
HOME, ABROAD = (made(f"{one}-chip", vendor=one) for one in ("nvidia", "acme"))
SISTER = made("acme-sister", vendor="acme")


@pytest.fixture(scope="module")
def known() -> Learnt:
    return load()


def test_a_tuned_engine_on_a_fitted_vendors_chips_is_what_was_fitted(known: Learnt) -> None:
    part = known.parts[DENSE]
    assert has_fitted_vendor(HOME, part)
    assert group_effect(HOME, part, None) == (0.0, 0.0)
    assert departure(HOME, part, known.stack)[0] == float(part.predicted([HOME.labels])[0][0])


def test_two_chips_of_a_vendor_share_a_tuned_engine_but_not_all_of_another_groups(
    known: Learnt,
) -> None:
    part, pair = known.parts[DENSE], (ABROAD, SISTER)
    _, tuned = difference(pair, part, known.stack)
    middle, others = difference(
        pair, part, known.stack, (replace(GROUPS, pairs=0.3), replace(GROUPS, pairs=0.3))
    )
    assert middle == difference(pair, part, known.stack)[0]
    assert math.hypot(tuned[0], 1.28 * 0.3) < others[0] < math.hypot(tuned[0], 2 * 0.3)


@pytest.mark.parametrize("chip", [HOME, ABROAD])
def test_any_engine_is_as_slow_and_scattered_as_with_other_groups(
    chip: Facts, known: Learnt
) -> None:
    part = known.parts[DENSE]
    slower, halves = departure(chip, part, known.stack, GROUPS)
    means, both = part.predicted([chip.labels])
    assert slower - float(means[0]) == pytest.approx(math.log(1.3))
    wider = float(both[0, 0]) + power_variance(chip, part, known.stack) + 0.2**2
    assert halves == pytest.approx([part.half(wider, level) for level in (0.8, 0.95)])


def test_without_other_groups_a_port_is_no_slower_and_has_an_assumed_spread(known: Learnt) -> None:
    assert group_effect(ABROAD, known.parts["decode"], None) == (0.0, SOFTWARE**2)


def test_two_chips_of_one_vendor_share_its_port(known: Learnt) -> None:
    part = known.parts[DENSE]
    middle, halves = difference((ABROAD, SISTER), part, known.stack, (GROUPS, GROUPS))
    assert middle == pytest.approx(0.0)
    assert halves == difference((ABROAD, SISTER), part, known.stack)[1]
    apart, wide = difference((ABROAD, HOME), part, known.stack, (GROUPS, None))
    assert apart == pytest.approx(-difference((HOME, ABROAD), part, known.stack, (None, GROUPS))[0])
    assert apart > middle
    assert wide > halves
    alike, wider = difference((ABROAD, HOME), part, known.stack, (GROUPS, GROUPS))
    assert alike == pytest.approx(apart - math.log(1.3))
    assert wider > wide, "two engines scatter more than one"


def test_groups_are_those_on_chips_of_fitted_vendors_alone(known: Learnt) -> None:
    """What is lent to a vendor is not told by its own chips: it can be tested on them."""
    world = shipped()
    home = {row.chip for row in world.serving}
    vendors = {world.chips[one].vendor for one in home}
    kept = tuple(row for row in world.reported_serving if world.chips[row.chip].vendor in vendors)
    assert 0 < len(kept) < len(world.reported_serving)
    fewer = replace(world, reported_serving=kept)
    assert by_groups(world, known.stack, known.parts) == by_groups(fewer, known.stack, known.parts)


def test_ports_are_slower_than_what_groups_reach_on_fitted_vendors_chips(known: Learnt) -> None:
    ports = by_ports(shipped(), known.stack, known.parts)
    home = by_groups(shipped(), known.stack, known.parts)
    for name in (DENSE, EXPERTS):
        assert ports[name].middle > 1.2 * home[name].middle
        assert ports[name].spread > home[name].spread + 0.05


def test_few_ports_are_shrunk_towards_fitted_vendors_chips() -> None:
    logs = {(f"home {n}", ""): [0.1] for n in range(6)}
    logs |= {(f"port {n}", "acme"): [0.9 + 0.2 * (n % 2)] for n in range(6)}
    found = port_groups(logs)
    assert found
    assert found.groups == 6
    spread = 0.1 * math.sqrt(6 / 5)
    weight = SOFTWARE**2 / (SOFTWARE**2 + spread**2 / 6)
    assert math.log(found.middle) == pytest.approx(0.1 + 0.9 * weight)
    few = {key: own for key, own in logs.items() if key[0] not in ("port 4", "port 5")}
    together = port_groups(few)
    assert together
    assert together.groups == 10


def test_no_group_tells_what_its_own_serving_is_like(known: Learnt) -> None:
    world = shipped()
    home = [row for row in world.reported_serving if world.chips[row.chip].vendor == "nvidia"]
    group, _ = Counter(row.words["group"] for row in home).most_common(1)[0]
    slower = tuple(
        replace(row, numbers={**row.numbers, "tpot_ms": 9 * row["tpot_ms"]})
        if row.words["group"] == group
        else row
        for row in world.reported_serving
    )

    def errors(rows: tuple[Row, ...], *, its: bool) -> list[float]:
        asked = [row for row in home if (row.words["group"] == group) == its]
        return [
            one.error
            for one in reported_serving(replace(world, reported_serving=rows), known, asked)
        ]

    assert errors(slower, its=True) == errors(world.reported_serving, its=True)
    assert errors(slower, its=False) != errors(world.reported_serving, its=False)


def test_no_group_tells_what_its_own_ports_are_like(known: Learnt) -> None:
    """Chitu served A800 and three chips that no engine was fitted on."""
    world, chitu = shipped(), "Chitu (Tsinghua PACMAN)"
    ports = [row for row in world.reported_serving if world.chips[row.chip].vendor != "nvidia"]
    slower = tuple(
        replace(row, numbers={**row.numbers, "tpot_ms": 9 * row["tpot_ms"]})
        if row.words["group"] == chitu and row not in ports
        else row
        for row in world.reported_serving
    )
    assert slower != world.reported_serving

    def errors(rows: tuple[Row, ...], *, its: bool) -> list[float]:
        asked = [row for row in ports if (row.words["group"] == chitu) == its]
        return [
            one.error
            for one in reported_serving(replace(world, reported_serving=rows), known, asked)
        ]

    assert errors(slower, its=True) == errors(world.reported_serving, its=True)
    assert errors(slower, its=False) != errors(world.reported_serving, its=False)


def test_no_chip_of_a_pair_tells_of_the_other_by_what_groups_made_of_it(known: Learnt) -> None:
    world, pair = shipped(), ("nvidia-h20-sxm-96gb", "amd-mi300x-oam-192gb")
    fewer = replace(
        world, reported_serving=tuple(row for row in world.reported_serving if row.chip not in pair)
    )
    amd = tuple(row for row in fewer.reported_serving if world.chips[row.chip].vendor != "amd")
    told = by_ports(world, known.stack, known.parts, pair)
    same = by_ports(replace(world, reported_serving=amd), known.stack, known.parts)
    assert [asdict(one) for one in told.values()] == [
        pytest.approx(asdict(one), rel=1e-9) for one in same.values()
    ]
    assert told != by_ports(world, known.stack, known.parts)


def test_serving_of_a_vendor_left_out_is_predicted_nearer_with_it() -> None:
    """AMD's chips by NVIDIA's alone: without it they came out a third too fast."""
    world = shipped()
    errors = [one.error for one in unfitted_vendors(world)[EXPERTS]]
    alone = [one.error for one in unfitted_vendors(replace(world, reported_serving=()))[EXPERTS]]
    assert abs(np.median(errors)) < 0.5 * abs(np.median(alone))


ASKED = ["workload=llama-3.1-70b", "parallel=8", "precision=bf16"]


def test_an_answer_says_once_that_a_vendors_engine_is_taken_as_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["predict", "chips=[910b2, 910b4, h20]", *ASKED]) == 0
    told = capsys.readouterr().out
    assert told.count("No engine was fitted on chips of huawei: ") == 1
    assert "Across vendors part of the interval is assumed" not in told
    assert main(["predict", "chips=[h20]", *ASKED]) == 0
    assert "No engine was fitted" not in capsys.readouterr().out
    assert main(["predict", "chips=[mi300x, 910b2, mi308x]", *ASKED]) == 0
    assert "No engine was fitted on chips of amd and huawei: " in capsys.readouterr().out
    assert main(["predict", "chips=[910b2]", "phase=decode", *ASKED]) == 0
    told = capsys.readouterr().out
    assert "No engine was fitted" not in told
    assert "Across vendors part of the interval is assumed" in told


def test_rates_and_ratios_of_an_answer_hold_the_same_port(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = document("predict", ["chips=[910b4, h20]", "baseline=h20", *ASKED], capsys)["rows"]
    own, base = (next(row for row in rows if name in row["chip"]) for name in ("910b4", "h20"))
    ratio = own["tokens_per_s_chip"] / base["tokens_per_s_chip"]
    assert own["ratio"] == pytest.approx(ratio, rel=0.02)


def test_rows_that_a_constant_was_set_on_test_nothing() -> None:
    """Runs over several nodes of the two reports that gave the start-up time of a network."""
    world = shipped()
    rows = [row for row in world.reported_serving if set_on(world, row)]
    assert {row.words["stack"].split()[0] for row in rows} == set(NETWORK_SET_ON)
    assert all(row["tp"] * row["dp"] > 8 for row in rows)
    within = [row for row in world.reported_serving if row["tp"] * row["dp"] <= 8]
    assert within
    assert not any(set_on(world, row) for row in within)
