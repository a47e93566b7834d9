"""A real Slurm and a real Ray on this machine: daemons in a temporary folder, ended afterwards.

No configuration of the system's is read or written, and no port of a running cluster is used.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "sinfo")
CONFIG = """\
ClusterName=onpaper
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1
KillWait=10
SlurmdTimeout=300
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
{nodes}
PartitionName=main Nodes=ALL Default=YES State=UP MaxTime=60
"""


@dataclass(frozen=True)
class Cluster:
    """A Slurm of three nodes, of which the last never comes up.

    Attributes:
        folder: of its daemons.
        up: nodes that run jobs.
        down: the one that does not.
    """

    folder: Path
    up: tuple[str, ...] = ("n1", "n2")
    down: str = "n3"

    def ask(self, *words: str) -> str:
        """Returns what a tool of Slurm's says."""
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout


@pytest.fixture(scope="session")
def slurm() -> Iterator[Cluster]:
    """The cluster, with ``SLURM_CONF`` set to its file."""
    missing = [one for one in NEEDED if not shutil.which(one)]
    if missing or os.geteuid():
        why = f"no {missing[0]}" if missing else "not root"
        pytest.skip(f"{why}: apt-get install slurmctld slurmd munge, as root")
    pytest.importorskip("submitit", reason="pip install 'onpaper[slurm]'")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-")))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        cluster = Cluster(folder)
        _configure(cluster)
        for words in _daemons(cluster):
            stack.enter_context(_running(words, folder))
        _wait_until_up(cluster)
        yield cluster
        cluster.ask("scancel", "--user=root", "--full")


def _configure(cluster: Cluster) -> None:
    folder = cluster.folder
    names = (*cluster.up, cluster.down)
    (folder / "state").mkdir()
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    nodes = "\n".join(
        f"NodeName={name} NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 "
        f"Port={_free_port()} CPUs=1 RealMemory=500"
        for name in names
    )
    text = CONFIG.format(host=socket.gethostname(), port=_free_port(), folder=folder, nodes=nodes)
    (folder / "slurm.conf").write_text(text, encoding="utf-8")


def _daemons(cluster: Cluster) -> Iterator[list[str]]:
    folder = cluster.folder
    yield [
        "munged", "--foreground", "--force", f"--socket={folder}/munge.socket",
        f"--key-file={folder}/munge.key", f"--log-file={folder}/munged.log",
        f"--pid-file={folder}/munged.pid", f"--seed-file={folder}/munged.seed",
    ]  # fmt: skip
    yield ["slurmctld", "-D", "-f", f"{folder}/slurm.conf"]
    for name in cluster.up:
        yield ["slurmd", "-D", "-N", name, "-f", f"{folder}/slurm.conf"]


@contextmanager
def _running(words: list[str], folder: Path) -> Iterator[None]:
    """Keeps a daemon while the block lasts; what it says is in a file of its name."""
    with (folder / f"{words[0]}-{secrets.token_hex(2)}.out").open("w") as said:
        daemon = subprocess.Popen(words, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
        try:
            if words[0] == "munged":
                _wait_for(folder / "munge.socket")
            yield
        finally:
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def _wait_for(path: Path) -> None:
    until_s = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < until_s, f"{path.name} did not come"
        time.sleep(0.05)


def _wait_until_up(cluster: Cluster) -> None:
    until_s = time.monotonic() + 30
    while True:
        words = ("sinfo", "-h", "-N", "-o", "%N %T")
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        if {f"{name} idle" for name in cluster.up} <= set(done.stdout.splitlines()):
            return
        assert time.monotonic() < until_s, f"Slurm did not come up: {_said(cluster.folder)}"
        time.sleep(0.2)


def _said(folder: Path) -> str:
    return " ".join(path.read_text(errors="replace")[-400:] for path in folder.glob("*.out"))


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
