"""Ray as an engine: a task a node, with all that the node has, so that it runs alone there.

hydra-ray-launcher 1.2.2 asks for cloudpickle below 3, boto3 and Ray's dashboard, cannot say on
which node a job runs, and drops all outcomes for the first that failed; ``ray.remote`` is enough.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.errors import UsageError, first_line
from bench.launch.model import End, Job, RefusedError, Status

LOG = "log.txt"


class Ray:
    """Jobs on a Ray cluster, each pinned to its node.

    Args:
        params: the keys of ``hydra.launcher``: ``address`` of the cluster.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        try:
            import ray
        except ImportError:
            raise UsageError("Ray needs its package: pip install 'onpaper[ray]'") from None
        self._tasks: dict[str, Any] = {}
        self._logs: dict[str, Path] = {}
        self._nodes: dict[str, str] = {}
        if unknown := set(params) - {"address"}:
            raise UsageError(f"hydra.launcher.{min(unknown)}: Ray is told the address only")
        address = str(params.get("address") or "auto")
        try:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, OSError, RuntimeError, ValueError) as error:
            told = f"no cluster at {address}: {first_line(error)}"
            raise UsageError(f"hydra/launcher=ray: {told}") from None

    def nodes(self) -> dict[str, str]:
        """Returns the nodes by the names that they were started with, else by their addresses."""
        import ray

        found: dict[str, str] = {}
        for one in ray.nodes():
            name = _name(one)
            if one["Alive"] or name not in found:
                found[name] = "" if one["Alive"] else "Ray has lost the node"
        return found

    def expand(self, word: str) -> list[str]:
        """Returns names that stand between commas."""
        return [one for one in word.split(",") if one]

    def start(self, job: Job, function: Callable[[tuple[str, ...]], End]) -> str:
        """Hands a job over as a task that needs all processors and accelerators of its node.

        Raises:
            RefusedError: the node has gone.
        """
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        alive = [one for one in ray.nodes() if one["Alive"] and _name(one) == job.node]
        if not alive:
            raise RefusedError("Ray has lost the node")
        has = alive[0]["Resources"]
        log = job.folder / LOG
        task = ray.remote(max_retries=0, max_calls=1)(_logged).options(
            num_cpus=has.get("CPU", 0),
            num_gpus=has.get("GPU", 0),
            scheduling_strategy=NodeAffinitySchedulingStrategy(alive[0]["NodeID"], soft=False),
        )
        made = task.remote(function, job.words, str(log))
        ticket: str = made.task_id().hex()[:12]
        self._tasks[ticket], self._logs[ticket], self._nodes[ticket] = made, log, job.node
        return ticket

    def ask(self, tickets: Sequence[str]) -> dict[str, Status]:
        """Returns the status of tasks; one still waiting for a lost node is down."""
        import ray

        ready, _ = ray.wait(
            [self._tasks[one] for one in tickets], num_returns=len(tickets), timeout=0
        )
        return {one: self._status(one, done=self._tasks[one] in ready) for one in tickets}

    def _status(self, ticket: str, *, done: bool) -> Status:
        import ray
        from ray.exceptions import RayError, TaskUnschedulableError

        log = self._logs[ticket]
        if not done:
            return Status("running" if log.exists() else "waiting", None, "", log)
        try:
            code, reason = ray.get(self._tasks[ticket])
        except TaskUnschedulableError:
            return Status("down", reason="Ray has lost the node")
        except RayError as error:  # the worker or its node died, or the task was cancelled
            return Status("ended", None, f"Ray: {_last(error)}", log)
        except Exception as error:  # noqa: BLE001 -- Ray raises what the run raised, as its own
            return Status("ended", 1, _last(error), log)
        return Status("ended", code, reason, log)

    def cancel(self, tickets: Sequence[str]) -> None:
        """Has Ray raise KeyboardInterrupt in tasks that run, and forget those that wait."""
        import ray

        for one in tickets:
            ray.cancel(self._tasks[one], force=False)

    def close(self) -> None:
        """Leaves the cluster; the jobs that it still has end."""
        import ray

        ray.shutdown()


def _name(node: Mapping[str, Any]) -> str:
    return str(node.get("NodeName") or node.get("NodeManagerAddress"))


def _last(error: Exception) -> str:
    """Returns the last line of an error's message, or its type's name."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _logged(function: Callable[[tuple[str, ...]], End], words: tuple[str, ...], log: str) -> End:
    """Runs a job on its node with all that it prints, worker processes included, in a file."""
    import os
    import sys

    with Path(log).open("a", encoding="utf-8") as file:
        kept = os.dup(1), os.dup(2)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            return function(words)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for target, copy in enumerate(kept, 1):
                os.dup2(copy, target)
                os.close(copy)
