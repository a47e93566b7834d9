"""What is told of a task that Ray gives back; on a stand-in for Ray, which is large to install."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from bench.errors import UsageError
from bench.launch.model import Status
from bench.launch.ray import Ray


class RayError(Exception):
    """Ray's own."""


class LostError(RayError):
    """A node that has gone before its task began."""


def answer(outcome: object, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Status:
    """The status of one task that has ended so: with a value, or an error that is raised."""

    def get(_: object) -> object:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    ray: Any = ModuleType("ray")
    ray.init, ray.get = lambda **_: None, get
    ray.wait = lambda tasks, **_: (tasks, [])
    named = SimpleNamespace(RayError=RayError, TaskUnschedulableError=LostError)
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.exceptions", named)
    engine = Ray({})
    engine._tasks["t"], engine._logs["t"] = object(), folder / "log.txt"
    return engine.ask(["t"])["t"]


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ((0, ""), ("ended", 0, "")),
        (LostError("no node"), ("down", None, "Ray has lost the node")),
        (RayError("a\n  it died  \n\n"), ("ended", None, "Ray: it died")),
        (RayError(), ("ended", None, "Ray: RayError")),
        (ValueError("first\nlast"), ("ended", 1, "last")),
        (ValueError(), ("ended", 1, "ValueError")),
    ],
    ids=["done", "lost", "died", "died without a word", "raised", "raised without a word"],
)
def test_how_a_task_ended_is_told_though_its_error_says_nothing(
    outcome: object,
    told: tuple[str, int | None, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = answer(outcome, tmp_path, monkeypatch)
    assert (found.stage, found.code, found.reason) == told


@pytest.mark.parametrize(
    ("error", "told"),
    [(RuntimeError(), "RuntimeError"), (ConnectionError("\nno route\nat all"), "no route")],
)
def test_a_cluster_that_is_not_there_is_said_so_though_its_error_says_nothing(
    error: Exception, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise error

    ray: Any = ModuleType("ray")
    ray.init = fail
    monkeypatch.setitem(sys.modules, "ray", ray)
    with pytest.raises(UsageError, match=f"^hydra/launcher=ray: no cluster at auto: {told}$"):
        Ray({})
