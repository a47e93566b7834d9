"""Slurm as an engine: submitit hands jobs over, squeue and sinfo say how they get on.

hydra-submitit-launcher hands all jobs of a sweep over as one array, whose members cannot be told
on which node to run, asks sacct alone, which clusters without accounting lack, and drops all
outcomes for the first that failed; so submitit is asked here without it.
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
UNFIT = frozenset({"down", "drained", "draining", "drain", "fail", "failing", "unknown", "future"})
"""States of a node that takes no jobs until somebody looks at it."""
COLUMNS = "JobID:40|,State:40|,exit_code:12|,Reason:200|"
ASK_S = 60
ARRIVE_S = 10.0
"""How long a job's result may take through a shared file system after the job has ended."""
DELAY_S = 60
"""Time before its limit at which a run is signalled to end and save its record."""


class Slurm:
    """Jobs on a Slurm cluster, each pinned to its node.

    Args:
        params: the keys of ``hydra.launcher``: those of sbatch, as submitit calls them.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._params = {key: value for key, value in params.items() if value is not None}
        self._jobs: dict[str, submitit.Job[End]] = {}
        self._nodes: dict[str, str] = {}
        self._gone_s: dict[str, float] = {}
        if not shutil.which("sbatch"):
            raise UsageError("hydra/launcher=slurm: there is no sbatch here; run it where Slurm is")
        self._executor(Job("", "", (), Path()))  # a wrong key is found before anything is begun

    def nodes(self) -> dict[str, str]:
        """Returns the nodes of the partition, or of all; those that take no jobs with the reason.

        Raises:
            UsageError: Slurm gives no answer.
        """
        partition = self._params.get("partition")
        of = ["-p", str(partition)] if partition else []
        found: dict[str, str] = {}
        for line in _asked("sinfo", "-h", "-N", "-o", "%N|%T|%E", *of).splitlines():
            name, state, why = (*line.split("|", 2), "", "")[:3]
            plain = state.rstrip("*~#!%$@^-+").lower()
            unfit = plain in UNFIT or state.endswith("*")
            told = "" if why in ("", "none") else f": {why}"
            found[name] = f"Slurm calls the node {state}{told}" if unfit else ""
        return found

    def expand(self, word: str) -> list[str]:
        """Expands a host list such as ``n[01-64],x7``."""
        return _asked("scontrol", "show", "hostnames", word).split()

    def start(self, job: Job, function: Callable[[tuple[str, ...]], End]) -> str:
        """Hands a job over to sbatch; its node is its alone unless ``exclusive`` says otherwise.

        Raises:
            RefusedError: sbatch does not take it.
            UsageError: submitit is missing, or does not know a key.
        """
        executor = self._executor(job)
        try:
            made: submitit.Job[End] = executor.submit(function, job.words)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            raise RefusedError(_last(str(error))) from None
        self._jobs[made.job_id] = made
        self._nodes[made.job_id] = job.node
        return made.job_id

    def _executor(self, job: Job) -> "submitit.SlurmExecutor":
        try:
            import submitit
        except ImportError:
            raise UsageError(
                "hydra/launcher=slurm needs submitit: pip install '.[slurm]'"
            ) from None
        executor = submitit.SlurmExecutor(folder=job.folder / "slurm")
        told = {
            "signal_delay_s": DELAY_S,
            "stderr_to_stdout": True,
            "srun_args": ["--cpu-bind=none"],
            **{key: value for key, value in self._params.items() if key != "timeout_min"},
            "time": self._params.get("timeout_min", 60),
            "nodelist": job.node,
            "job_name": "onpaper",
        }
        more = {"no-requeue": True, **(told.pop("additional_parameters", None) or {})}
        try:
            executor.update_parameters(**told, additional_parameters=more)
        except ValueError as error:
            raise UsageError(f"hydra.launcher: {' '.join(str(error).split())}") from None
        return executor

    def ask(self, tickets: Sequence[str]) -> dict[str, Status]:
        """Returns the status of jobs; a job waiting for a drained node is cancelled."""
        told = {ticket: status for ticket in tickets if (status := self._result(ticket))}
        told |= self._queued([ticket for ticket in tickets if ticket not in told])
        waiting = [ticket for ticket, status in told.items() if status.stage == "waiting"]
        trouble = self.nodes() if waiting else {}
        for ticket in waiting:
            if why := trouble.get(self._nodes[ticket], ""):
                self.cancel([ticket])
                told[ticket] = Status("down", reason=why)
        return told

    def _result(self, ticket: str) -> Status | None:
        """Returns the outcome that a job's run wrote, None if there is none yet."""
        job = self._jobs[ticket]
        log = job.paths.stdout
        _refreshed(job.paths.folder)
        if not job.paths.result_pickle.exists():
            return None
        try:
            code, reason = job.result()
        except Exception as error:  # noqa: BLE001 -- whatever the run raised there, told in its log
            return Status("ended", 1, _last(str(error)), log)
        return Status("ended", code, reason, log)

    def _queued(self, tickets: list[str]) -> dict[str, Status]:
        if not tickets:
            return {}
        words = ("-h", "-t", "all", "-j", ",".join(tickets), "-O", COLUMNS)
        text = _asked("squeue", *words, missing="Invalid job id")
        rows = {cells[0]: cells[1:] for line in text.splitlines() if (cells := _cells(line))}
        return {ticket: self._status(ticket, rows.get(ticket)) for ticket in tickets}

    def _status(self, ticket: str, row: list[str] | None) -> Status:
        state, code, why = row or ["gone", "", ""]
        log = self._jobs[ticket].paths.stdout
        reason = "" if why in ("", "None", state) else why
        if state in WAITING or state in RUNNING:
            stage: Stage = "waiting" if state in WAITING else "running"
            return Status(stage, None, reason if stage == "waiting" else "", log)
        since_s = self._gone_s.setdefault(ticket, time.monotonic())
        if time.monotonic() - since_s < ARRIVE_S and state != "FAILED":
            return Status("running", None, "it has ended: its result is waited for", log)
        told = f"Slurm: {state.lower().replace('_', ' ')}{f', {reason}' if reason else ''}"
        return Status("ended", _exit_code(code), told, log)

    def cancel(self, tickets: Sequence[str]) -> None:
        """Has Slurm end jobs: SIGTERM, and what has not ended then is killed after a while."""
        if not tickets:
            return
        with suppress(OSError, subprocess.SubprocessError):  # what goes on is not waited for
            subprocess.run(  # noqa: S603 -- our own tickets
                ["scancel", *tickets],  # noqa: S607 -- whichever Slurm is on the path
                check=False, capture_output=True, timeout=ASK_S,
            )  # fmt: skip

    def close(self) -> None:
        """Does nothing: Slurm needs nobody's connection."""


def _asked(*words: str, missing: str = "") -> str:
    """Runs a Slurm command and returns its output.

    Args:
        words: the tool and its words.
        missing: an error that means that there is nothing to say.

    Raises:
        UsageError: it gives no answer.
    """
    try:
        done = subprocess.run(  # noqa: S603 -- names that Slurm gave or is asked for
            words, capture_output=True, text=True, check=False, timeout=ASK_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(f"{words[0]}: {error}") from None
    if done.returncode and not (missing and missing in done.stderr):
        raise UsageError(f"{words[0]}: {_last(done.stderr) or f'exit code {done.returncode}'}")
    return done.stdout


def _cells(line: str) -> list[str]:
    cells = [one.strip() for one in line.split("|")]
    return cells[:4] if len(cells) >= 4 else []


def _exit_code(word: str) -> int | None:
    """Returns the exit code from the wait status reported by squeue, None if there is none."""
    return int(word) // 256 or None if word.isdigit() else None


def _last(text: str) -> str:
    lines = [line for line in _plain(text) if line]
    return lines[-1] if lines else ""


def _plain(text: str) -> Iterator[str]:
    yield from (line.strip(" -") for line in text.splitlines() if not line.startswith("You can"))


def _refreshed(folder: Path) -> None:
    """Makes a shared file system refresh its cached directory listing."""
    try:
        folder.chmod(folder.stat().st_mode)
    except OSError:
        return
