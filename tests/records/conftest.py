"""What several tests of records share."""

from pathlib import Path

import pytest

from bench.records.model import Record
from tests.records.fleet_records import of_device, put


@pytest.fixture
def month(record: Record, tmp_path: Path) -> Path:
    """A device's month: from the 15th run on it is slower by 6%, with another driver."""
    for turn in range(24):
        late = turn >= 14
        noise = 1 + 0.002 * ((7 * turn) % 5 - 2)
        one = of_device(record, 0, noise * (1.06 if late else 1.0), turn=turn)
        driver = "580.1" if late else "570.2"
        device = one.device.model_copy(update={"driver": driver})
        put(one.model_copy(update={"device": device}), tmp_path / "records")
    return tmp_path / "records"
