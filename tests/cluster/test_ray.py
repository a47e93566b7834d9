"""A fleet on a real Ray of this machine; run by hand, as installing and starting it takes minutes.

``pip install 'onpaper[ray]'``, then ``ONPAPER_RAY=1 pytest tests/cluster/test_ray.py``.
"""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.records.store import read
from tests.fleet.launch_hand import ended

pytestmark = [
    pytest.mark.skipif("ONPAPER_RAY" not in os.environ, reason="takes minutes: set ONPAPER_RAY=1"),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]
LOAD = ("device=cpu", "kernel=memory", "dtype=fp32", "elements=1000000", "seconds=6")


@pytest.fixture
def ray() -> Iterator[Any]:
    """A cluster of two nodes, the second of which is called r2."""
    utils: Any = pytest.importorskip("ray.cluster_utils", reason="pip install 'onpaper[ray]'")
    head = {"num_cpus": 1, "node_name": "r1", "include_dashboard": False}
    cluster = utils.Cluster(initialize_head=True, head_node_args=head)
    try:
        yield cluster
    finally:
        cluster.shutdown()


def test_a_node_that_goes_away_is_told_and_completed_when_it_is_back(
    ray: Any, tmp_path: Path
) -> None:
    second, out = ray.add_node(num_cpus=1, node_name="r2"), tmp_path / "fleet"
    words = ["hydra/launcher=ray", f"hydra.launcher.address={ray.address}", "quiet=true"]
    words += ["hydra.launcher.poll_s=0.3"]

    def leave() -> None:
        until_s = time.monotonic() + 120
        while time.monotonic() < until_s:
            if any(read(path).measurements for path in out.glob("r2/2*/*.json")):
                ray.remove_node(second, allow_graceful=False)
                return
            time.sleep(0.1)

    leaving = threading.Thread(target=leave)
    leaving.start()
    assert main(["run", "-m", *words, *LOAD, "node=all", f"out={out}"]) == 1
    leaving.join()
    first = ended(out)
    assert {name: one["state"] for name, one in first.items()} == {
        "r1": "complete", "r2": "interrupted",
    }  # fmt: skip
    assert first["r2"]["reason"].startswith("Ray: ")
    assert (out / first["r1"]["log"]).read_text(encoding="utf-8").startswith("**")
    assert main(["run", "-m", f"resume={out}"]) == 1
    assert ended(out)["r2"]["state"] == "down"

    ray.add_node(num_cpus=1, node_name="r2")
    assert main(["run", "-m", f"resume={out}"]) == 0
    (path,) = out.glob("r2/2*/*.json")
    record = read(path)
    assert (record.state, record.machine.node, len(record.measurements)) == ("complete", "r2", 6)
