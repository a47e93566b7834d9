"""Links of a full mesh: those to chips that take no part stay idle; a switch lends them all."""

import numpy as np
import pytest

from bench.predict.learning.collectives import collectives
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts, facts
from bench.predict.model.links import usable_link
from bench.predict.model.operators import operator
from bench.predict.model.parallel import parallel
from bench.predict.model.stack import IDEAL, Stack
from bench.predict.model.step import Step, rates, timed
from bench.predict.model.training import training
from bench.workloads.load import workload
from tests.chips.comparison_cases import chip
from tests.predict.cases import chips, made
from tests.predict.test_operators import points
from tests.predict.test_step import BF16, took

__all__ = ["chips"]

SWITCHED, MESH = made(link=448e9), made(link=448e9, pair=64e9)
PORTS = made(link=300e9, pair=37.5e9)
"""Of eight chips, three ports of 24 to each of the others, and three out of the board."""


def exchanged(parts: Step, name: str) -> float:
    """Seconds of one kind of exchange."""
    return next(float(one.link[0]) for one in parts.parts if one.name == name)


def longer(name: str, split: str) -> float:
    """How much longer a mesh takes than a switch with as much of links."""
    model = "qwen3-235b-a22b" if name == "all-to-all" else "llama-3.1-70b"
    mesh, switched = (
        exchanged(took(one, model, "prefill", 8, 2000, split), name) for one in (MESH, SWITCHED)
    )
    return mesh / switched


def test_n_chips_of_a_mesh_of_eight_have_n_less_one_of_seven_links() -> None:
    every = np.arange(2.0, 9.0)
    assert usable_link(448e9, 64e9, every) == pytest.approx(64e9 * (every - 1))
    assert usable_link(448e9, np.inf, every) == pytest.approx(448e9)
    assert usable_link(300e9, 37.5e9, 8) == pytest.approx(300e9 * 21 / 24)
    assert usable_link(159e9, 53e9, 8) == pytest.approx(159e9), "a mesh of four has three links"


@pytest.mark.parametrize(
    ("name", "split", "times"),
    [
        ("all-reduce", "tp2", 7.0), ("all-reduce", "tp4", 7 / 3), ("all-reduce", "tp8", 1.0),
        ("all-to-all", "dp4,ep4", 7 / 3), ("all-to-all", "dp8,ep8", 1.0),
        ("stage to stage", "tp4,pp2", 7.0), ("all-reduce", "tp4,pp2", 7 / 3),
        ("all-reduce", "tp16", 1.0),
    ],
)  # fmt: skip
def test_exchanges_of_few_chips_take_longer_in_a_mesh(name: str, split: str, times: float) -> None:
    assert longer(name, split) == pytest.approx(times)


@pytest.mark.parametrize(("split", "times"), [("dp2", 7.0), ("tp4,dp2", 7.0), ("dp8", 1.0)])
def test_copies_of_a_mesh_share_gradients_over_the_links_between_them(
    split: str, times: float
) -> None:
    def took_by(one: Facts) -> float:
        model, how = workload("llama-3.1-8b"), parallel(split)
        told = training(one, model, points(8, 2000), BF16, how, IDEAL)
        return exchanged(told, "gradients over copies")

    assert took_by(MESH) / took_by(SWITCHED) == pytest.approx(times)


def test_measured_collectives_are_set_beside_the_links_between_their_chips() -> None:
    rows = [
        Row({"chip": "one", "op": "all_gather"}, {"ranks": ranks, "bytes": 1e6, "us": 1.0})
        for ranks in (2.0, 4.0, 8.0)
    ]
    assert collectives(rows, MESH).link == pytest.approx([64e9, 192e9, 448e9])
    assert collectives(rows, SWITCHED).link == pytest.approx([448e9] * 3)
    assert collectives(rows, PORTS).link == pytest.approx([37.5e9, 112.5e9, 262.5e9])


def test_a_sheet_tells_the_link_of_two_chips() -> None:
    told = {"link_bandwidth": {"value": "896 GB/s"}, "pair_link_oneway": {"value": "64 GB/s"}}
    assert facts(chip("one", told)).pair == 64e9
    assert facts(chip("one", {"link_bandwidth": told["link_bandwidth"]})).pair is None


def test_links_of_shipped_meshes_add_up_to_those_of_the_chip(chips: dict[str, Facts]) -> None:
    """A pair's link in both directions, or half of it, would not.

    Of four chips each has three links, of eight seven; of Gaudi's 24 ports 3 leave the board.
    """
    meshes = {name: one for name, one in chips.items() if one.pair}
    assert {"amd-mi300x-oam-192gb", "huawei-ascend-910b2", "intel-gaudi3-oam-128gb"} <= set(meshes)
    links = {name: (one.link or 0.0) / (one.pair or 1.0) for name, one in meshes.items()}
    assert {round(one, 3) for one in links.values()} == {3.0, 7.0, 8.0}


@pytest.mark.parametrize(
    ("chips", "carried_"),
    [(2, 300e9), (4, 32e9), (8, 32e9), (16, 10e9)],
)
def test_beyond_a_bridge_cards_of_a_node_exchange_over_pcie(chips: int, carried_: float) -> None:
    card = made(link=300e9, bus=32e9, network=10e9, linked=2.0)
    promised = rates(card, BF16, linked=True)
    sent = operator("all-reduce", "link", np.ones(1), sent=1e12, calls=1, ranks=chips, peers=chips)
    (told,) = timed((sent,), promised, IDEAL).parts
    assert float(told.seconds[0]) == pytest.approx(1e12 / carried_)


def test_the_nodes_of_bridged_cards_send_no_faster_than_pcie_however_many_ports_they_have() -> None:
    card = made(link=300e9, bus=32e9, network=100e9, linked=2.0)
    promised = rates(card, BF16, linked=True)
    sent = operator("all-reduce", "link", np.ones(1), sent=1e12, calls=1, ranks=16, peers=16)
    (told,) = timed((sent,), promised, IDEAL).parts
    assert float(told.seconds[0]) == pytest.approx(1e12 / 32e9)


@pytest.mark.parametrize("card", [made(link=32e9), made(link=300e9, bus=32e9, linked=2.0)])
def test_cards_on_pcie_exchange_no_faster_over_two_nodes_than_in_one(card: Facts) -> None:
    one, two = (
        exchanged(
            took(card, "llama-3.1-70b", "prefill", 8, 2048, split, stack=Stack()), "all-reduce"
        )
        for split in ("tp8", "tp16")
    )
    assert two > one


# experts on other nodes


def copies(model: str, split: str, phase: str = "prefill", link: float = 1e18) -> float:
    """Copies of a token that leave its node, where only the network takes time."""
    parts = took(made(link=link, network=1e9), model, phase, 64, 100, split)
    rows = 64 * (100 if phase == "prefill" else 1) / parallel(split).dp
    each = rows * workload(model).hidden * BF16.dispatched * _layers(model)
    return exchanged(parts, "all-to-all") * 1e9 / each


def _layers(model: str) -> int:
    shape = workload(model)
    return shape.layers - (shape.experts.dense_layers if shape.experts else 0)


@pytest.mark.parametrize(
    ("model", "split", "phase", "expected"),
    [
        ("qwen3-30b-a3b", "dp16,ep16", "prefill", 1 * (1 - (1 / 2) ** 8)),
        ("qwen3-30b-a3b", "dp32,ep32", "prefill", 3 * (1 - (3 / 4) ** 8)),
        ("qwen3-30b-a3b", "dp32,ep32", "decode", 8 * 24 / 32),
        ("deepseek-v3", "dp64,ep64", "prefill", 7 * 4 / 8),
        ("deepseek-v3", "dp64,ep64", "decode", 8 * 56 / 64),
        ("kimi-k2", "dp64,ep64", "prefill", 7 * (1 - (7 / 8) ** 8)),
    ],
)
def test_a_prompts_token_is_sent_once_to_each_node_that_has_an_expert_of_its(
    model: str, split: str, phase: str, expected: float
) -> None:
    """Eight experts of a token; of DeepSeek-V3's in four of eight groups, here one a node."""
    assert copies(model, split, phase) == pytest.approx(expected)


def test_within_a_node_no_copy_leaves_it_and_the_link_carries_all() -> None:
    slow = copies("qwen3-30b-a3b", "dp8,ep8", link=1e9)
    assert slow == pytest.approx(8 * 7 / 8)
    assert copies("qwen3-30b-a3b", "dp8,ep8") == pytest.approx(0.0, abs=1e-6)


def test_the_slower_of_link_and_network_tells_how_long_an_exchange_takes() -> None:
    fast, same = (copies("qwen3-30b-a3b", "dp16,ep16", link=link) for link in (1e18, 1e9))
    assert fast == pytest.approx(1 - (1 / 2) ** 8)
    assert same == pytest.approx(8 * 15 / 16)


def test_copies_of_a_model_that_each_span_two_nodes_sum_gradients_over_the_network() -> None:
    """No node holds two of them: it came out as if a chip's port carried a byte a second."""
    took = training(
        made(network=50e9), workload("llama-3.1-70b"), points(32, 4096), BF16, parallel("tp16,dp2"),
        IDEAL,
    )  # fmt: skip
    (told,) = (one for one in took.parts if one.name == "gradients over copies")
    assert 0 < float(told.link[0]) == pytest.approx(2 * 2 * 70.55e9 / 16 / 2 / 50e9, rel=0.02)
