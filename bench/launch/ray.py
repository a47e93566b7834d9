"""Ray as an engine: one task per node, which takes all resources of the node and so runs alone.

hydra-ray-launcher 1.2.2 requires cloudpickle below 3, boto3 and Ray's dashboard, cannot pin a job
to a node, and loses all outcomes when one job fails; ``ray.remote`` is enough.
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
            problem = f"no cluster at {address}: {first_line(error)}"
            raise UsageError(f"hydra/launcher=ray: {problem}") from None

    def nodes(self) -> dict[str, str]:
        """Returns the nodes by name, or by address if they were started without one."""
        import ray

        problems: dict[str, str] = {}
        for node in ray.nodes():
            name = _name(node)
            if node["Alive"] or name not in problems:
                problems[name] = "" if node["Alive"] else "Ray has lost the node"
        return problems

    def expand(self, word: str) -> list[str]:
        """Returns the names in a comma-separated list."""
        return [name for name in word.split(",") if name]

    def start(self, job: Job, function: Callable[[tuple[str, ...]], End]) -> str:
        """Submits a job as a task that requires all CPUs and accelerators of its node.

        Raises:
            RefusedError: the node is gone.
        """
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        alive_nodes = [node for node in ray.nodes() if node["Alive"] and _name(node) == job.node]
        if not alive_nodes:
            raise RefusedError("Ray has lost the node")
        resources = alive_nodes[0]["Resources"]
        log = job.folder / LOG
        task = ray.remote(max_retries=0, max_calls=1)(_run_with_log).options(
            num_cpus=resources.get("CPU", 0),
            num_gpus=resources.get("GPU", 0),
            scheduling_strategy=NodeAffinitySchedulingStrategy(
                alive_nodes[0]["NodeID"], soft=False
            ),
        )
        running = task.remote(function, job.words, str(log))
        ticket: str = running.task_id().hex()[:12]
        self._tasks[ticket], self._logs[ticket], self._nodes[ticket] = running, log, job.node
        return ticket

    def ask(self, tickets: Sequence[str]) -> dict[str, Status]:
        """Returns the status of tasks; a task that waits for a lost node is down."""
        import ray

        ready, _ = ray.wait(
            [self._tasks[ticket] for ticket in tickets], num_returns=len(tickets), timeout=0
        )
        return {
            ticket: self._status(ticket, done=self._tasks[ticket] in ready) for ticket in tickets
        }

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
            return Status("ended", None, f"Ray: {_last_line(error)}", log)
        except Exception as error:  # noqa: BLE001 -- Ray raises what the run raised, as its own
            return Status("ended", 1, _last_line(error), log)
        return Status("ended", code, reason, log)

    def cancel(self, tickets: Sequence[str]) -> None:
        """Raises KeyboardInterrupt in running tasks and removes waiting ones."""
        import ray

        for ticket in tickets:
            ray.cancel(self._tasks[ticket], force=False)

    def close(self) -> None:
        """Leaves the cluster, which ends jobs that are still running."""
        import ray

        ray.shutdown()


def _name(node: Mapping[str, Any]) -> str:
    return str(node.get("NodeName") or node.get("NodeManagerAddress"))


def _last_line(error: Exception) -> str:
    """Returns the last line of an error's message, or its type's name."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _run_with_log(
    function: Callable[[tuple[str, ...]], End], words: tuple[str, ...], log: str
) -> End:
    """Runs a job on its node with its output, including that of worker processes, in a file."""
    import os
    import sys

    with Path(log).open("a", encoding="utf-8") as file:
        saved = os.dup(1), os.dup(2)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            return function(words)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for target, copy in enumerate(saved, 1):
                os.dup2(copy, target)
                os.close(copy)
