"""Slurm as an engine: submitit submits jobs, squeue and sinfo report their progress.

hydra-submitit-launcher is not used: it submits all jobs of a sweep as one array, whose members
cannot be pinned to nodes, relies on sacct, which clusters without accounting lack, and loses all
outcomes when one job fails.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import UsageError
from bench.launch.model import End, Job, RefusedError, Stage, Status

if TYPE_CHECKING:
    import submitit

WAITING = frozenset({"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT"})
RUNNING = frozenset({
    "RUNNING", "COMPLETING", "SUSPENDED", "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED",
})  # fmt: skip
UNAVAILABLE = frozenset(
    {"down", "drained", "draining", "drain", "fail", "failing", "unknown", "future"}
)
"""States of a node that accepts no jobs until an administrator acts."""
COLUMNS = "JobID:40|,State:40|,exit_code:12|,Reason:200|"
QUERY_TIMEOUT_S = 60
RESULT_DELAY_S = 10.0
"""Time that a job's result may take to appear on a shared file system after the job ended, s."""
SIGNAL_BEFORE_S = 60
"""Time before its time limit at which a run is signalled to end and save its record, s."""


class Slurm:
    """Jobs on a Slurm cluster, each pinned to its node.

    Args:
        params: the keys of ``hydra.launcher``: sbatch's options, as submitit names them.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._params = {key: value for key, value in params.items() if value is not None}
        self._jobs: dict[str, submitit.Job[End]] = {}
        self._nodes: dict[str, str] = {}
        self._gone_since_s: dict[str, float] = {}
        if not shutil.which("sbatch"):
            raise UsageError("hydra/launcher=slurm: there is no sbatch here; run it where Slurm is")
        self._executor(Job("", "", (), Path()))  # finds a wrong key before anything is started

    def nodes(self) -> dict[str, str]:
        """Returns the nodes of the partition, or all nodes; with a reason if they accept no jobs.

        Raises:
            UsageError: Slurm does not answer.
        """
        partition = self._params.get("partition")
        partition_option = ["-p", str(partition)] if partition else []
        problems: dict[str, str] = {}
        for line in _run_tool(
            "sinfo", "-h", "-N", "-o", "%N|%T|%E", *partition_option
        ).splitlines():
            name, state, reason = (*line.split("|", 2), "", "")[:3]
            plain_state = state.rstrip("*~#!%$@^-+").lower()
            is_unavailable = plain_state in UNAVAILABLE or state.endswith("*")
            reason_text = "" if reason in ("", "none") else f": {reason}"
            problems[name] = f"Slurm calls the node {state}{reason_text}" if is_unavailable else ""
        return problems

    def expand(self, word: str) -> list[str]:
        """Expands a host list such as ``n[01-64],x7``."""
        return _run_tool("scontrol", "show", "hostnames", word).split()

    def start(self, job: Job, function: Callable[[tuple[str, ...]], End]) -> str:
        """Submits a job to sbatch; it has its node for itself unless ``exclusive`` says otherwise.

        Raises:
            RefusedError: sbatch rejects it.
            UsageError: submitit is missing, or does not know a key.
        """
        executor = self._executor(job)
        try:
            submitted: submitit.Job[End] = executor.submit(function, job.words)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            raise RefusedError(_last_line(str(error))) from None
        self._jobs[submitted.job_id] = submitted
        self._nodes[submitted.job_id] = job.node
        return submitted.job_id

    def _executor(self, job: Job) -> "submitit.SlurmExecutor":
        try:
            import submitit
        except ImportError:
            raise UsageError(
                "hydra/launcher=slurm needs submitit: pip install '.[slurm]'"
            ) from None
        executor = submitit.SlurmExecutor(folder=job.folder / "slurm")
        parameters = {
            "signal_delay_s": SIGNAL_BEFORE_S,
            "stderr_to_stdout": True,
            "srun_args": ["--cpu-bind=none"],
            **{key: value for key, value in self._params.items() if key != "timeout_min"},
            "time": self._params.get("timeout_min", 60),
            "nodelist": job.node,
            "job_name": "onpaper",
        }
        extra = {"no-requeue": True, **(parameters.pop("additional_parameters", None) or {})}
        try:
            executor.update_parameters(**parameters, additional_parameters=extra)
        except ValueError as error:
            raise UsageError(f"hydra.launcher: {' '.join(str(error).split())}") from None
        return executor

    def ask(self, tickets: Sequence[str]) -> dict[str, Status]:
        """Returns the status of jobs; a job waiting for a drained node is cancelled."""
        statuses = {ticket: status for ticket in tickets if (status := self._result(ticket))}
        statuses |= self._queued([ticket for ticket in tickets if ticket not in statuses])
        waiting = [ticket for ticket, status in statuses.items() if status.stage == "waiting"]
        node_problems = self.nodes() if waiting else {}
        for ticket in waiting:
            if problem := node_problems.get(self._nodes[ticket], ""):
                self.cancel([ticket])
                statuses[ticket] = Status("down", reason=problem)
        return statuses

    def _result(self, ticket: str) -> Status | None:
        """Returns the outcome that a job's run wrote; None if there is none yet."""
        job = self._jobs[ticket]
        log = job.paths.stdout
        _refresh(job.paths.folder)
        if not job.paths.result_pickle.exists():
            return None
        try:
            code, reason = job.result()
        except Exception as error:  # noqa: BLE001 -- whatever the run raised; its log has it
            return Status("ended", 1, _last_line(str(error)), log)
        return Status("ended", code, reason, log)

    def _queued(self, tickets: list[str]) -> dict[str, Status]:
        if not tickets:
            return {}
        words = ("-h", "-t", "all", "-j", ",".join(tickets), "-O", COLUMNS)
        text = _run_tool("squeue", *words, missing="Invalid job id")
        rows = {cells[0]: cells[1:] for line in text.splitlines() if (cells := _cells(line))}
        return {ticket: self._status(ticket, rows.get(ticket)) for ticket in tickets}

    def _status(self, ticket: str, row: list[str] | None) -> Status:
        state, code, engine_reason = row or ["gone", "", ""]
        log = self._jobs[ticket].paths.stdout
        reason = "" if engine_reason in ("", "None", state) else engine_reason
        if state in WAITING or state in RUNNING:
            stage: Stage = "waiting" if state in WAITING else "running"
            return Status(stage, None, reason if stage == "waiting" else "", log)
        since_s = self._gone_since_s.setdefault(ticket, time.monotonic())
        if time.monotonic() - since_s < RESULT_DELAY_S and state != "FAILED":
            return Status("running", None, "it has ended: its result is waited for", log)
        message = f"Slurm: {state.lower().replace('_', ' ')}{f', {reason}' if reason else ''}"
        return Status("ended", _exit_code(code), message, log)

    def cancel(self, tickets: Sequence[str]) -> None:
        """Ends jobs with SIGTERM; Slurm kills those that have not ended after a while."""
        if not tickets:
            return
        with suppress(OSError, subprocess.SubprocessError):  # jobs that continue are not waited for
            subprocess.run(  # noqa: S603 -- our own tickets
                ["scancel", *tickets],  # noqa: S607 -- whichever Slurm is on the path
                check=False, capture_output=True, timeout=QUERY_TIMEOUT_S,
            )  # fmt: skip

    def close(self) -> None:
        """Does nothing: there is no connection to Slurm."""


def _run_tool(*words: str, missing: str = "") -> str:
    """Runs a Slurm command and returns its output.

    Args:
        words: the tool and its arguments.
        missing: error text that means that the answer is empty.

    Raises:
        UsageError: the tool fails.
    """
    try:
        completed = subprocess.run(  # noqa: S603 -- names that Slurm gave or is asked for
            words, capture_output=True, text=True, check=False, timeout=QUERY_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(f"{words[0]}: {error}") from None
    if completed.returncode and not (missing and missing in completed.stderr):
        raise UsageError(
            f"{words[0]}: {_last_line(completed.stderr) or f'exit code {completed.returncode}'}"
        )
    return completed.stdout


def _cells(line: str) -> list[str]:
    cells = [cell.strip() for cell in line.split("|")]
    return cells[:4] if len(cells) >= 4 else []


def _exit_code(word: str) -> int | None:
    """Returns the exit code from the wait status reported by squeue; None if there is none."""
    return int(word) // 256 or None if word.isdigit() else None


def _last_line(text: str) -> str:
    lines = [line for line in _stripped_lines(text) if line]
    return lines[-1] if lines else ""


def _stripped_lines(text: str) -> Iterator[str]:
    yield from (line.strip(" -") for line in text.splitlines() if not line.startswith("You can"))


def _refresh(folder: Path) -> None:
    """Makes a shared file system refresh its cached directory listing."""
    try:
        folder.chmod(folder.stat().st_mode)
    except OSError:
        return
