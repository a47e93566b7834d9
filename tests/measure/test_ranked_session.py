"""A session of several ranks: whose device is whose, what is refused, and how it ends."""

from collections.abc import Iterator

import pytest

from bench.config import compose
from bench.devices import team
from bench.devices.base import DeviceError, DeviceLostError
from bench.devices.team import word_of_rank
from bench.kernels.common import ranks
from bench.measure.item import Item
from bench.measure.loop import Plan
from bench.measure.ranks import RankedSession, alone
from bench.measure.session import WorkerDiedError
from bench.measure.suite import items
from bench.shapes import RunConfig
from tests.devices.rank_cases import Pair, lose, paired


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Both ranks, ended with the test."""
    with paired() as made:
        yield made


def torchrun(monkeypatch: pytest.MonkeyPatch, **told: str) -> None:
    """What torchrun says in the environment."""
    for name in ranks.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, (1, 0, 0)),
        ({"WORLD_SIZE": "8", "RANK": "3"}, (1, 0, 0)),
        (
            {"WORLD_SIZE": "8", "RANK": "5", "LOCAL_RANK": "1", "MASTER_ADDR": "here"},
            (8, 5, 1),
        ),
        ({"WORLD_SIZE": "1", "RANK": "0", "LOCAL_RANK": "0", "MASTER_ADDR": "here"}, (1, 0, 0)),
    ],
    ids=["nothing", "a batch system", "torchrun", "torchrun of one"],
)
def test_ranks_are_what_torchrun_says_and_one_without(
    told: dict[str, str], expected: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    torchrun(monkeypatch, **told)
    assert (ranks.count(), ranks.rank(), ranks.local_rank()) == expected


@pytest.mark.parametrize(
    ("word", "here", "own"),
    [("cpu", (), "cpu"), ("cuda", (), "cuda:3"), ("auto", ("cuda", "cpu"), "cuda:3"),
     ("auto", ("cpu",), "cpu")],
)  # fmt: skip
def test_each_rank_takes_the_device_of_its_own_number(
    word: str, here: tuple[str, ...], own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranks, "local_rank", lambda: 3)
    monkeypatch.setattr(team, "absent", lambda name, _: None if name in here else "absent")
    assert word_of_rank(word) == own


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("fake", "the fake device is one device: run it without torchrun"),
        ("cuda:1", "each rank takes the device of its own number: device=cuda"),
    ],
)
def test_a_device_that_cannot_be_one_of_several_is_refused(word: str, message: str) -> None:
    with pytest.raises(DeviceError) as caught:
        word_of_rank(word)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ([("cuda", ""), ("cpu", "there are 1 CUDA devices")], "rank 1: there are 1 CUDA devices"),
        ([("cuda", ""), ("cpu", "")], "ranks of cpu and of cuda cannot be measured together"),
    ],
)
def test_all_ranks_refuse_what_one_of_them_cannot(
    told: list[tuple[str, str]], message: str
) -> None:
    with pytest.raises(DeviceError) as caught:
        team._agree(told)
    assert str(caught.value) == message


def test_a_device_past_saving_costs_the_item(pair: Pair) -> None:
    session = RankedSession("cuda")
    session._device = pair.leader
    pair.first.trouble["check"] = DeviceLostError("the device failed: an illegal memory access")
    item = Item("memory", "fp32", variant="copy")
    with pytest.raises(WorkerDiedError, match="the device failed: an illegal memory access"):
        session.measure(item, Plan(0.1), lambda _: None)
    assert session.measure(item, Plan(0.1), lambda _: None).status == "ok"


def test_a_session_that_was_never_opened_is_closed() -> None:
    RankedSession("cuda").close()


def test_closing_survives_ranks_that_have_gone(pair: Pair) -> None:
    session = RankedSession("cpu")
    session._device = pair.leader
    lose(pair)
    session.close()
    assert not pair.leader.whole


def test_without_torchrun_one_item_stands_for_all_collectives() -> None:
    chosen = items(compose("run", ["suite=links"], RunConfig))
    kept = alone(chosen)
    assert [one.item.kernel for one in kept] == ["host_link"] * 5 + ["peer"] * 3 + ["collective"]
    assert len(chosen) == 8 + 40
