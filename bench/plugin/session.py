"""The measurements of a pytest session: rows for its summary, and records for the gate."""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bench.calls.compared import MeasuredDevice
from bench.measure.runner import program, record_path
from bench.records.machine import Machine
from bench.records.model import DeviceInfo, Identity, Measurement, Record
from bench.records.store import write
from bench.report.text.markup import one_line

SUITE = "pytest"
"""The suite's name in the record."""


@dataclass(frozen=True)
class Settings:
    """The ``--onpaper-*`` options of the session."""

    out: str | None
    device: str | None
    chip: str | None
    seconds: float


@dataclass
class Session:
    """The measurements of a session, in test order.

    Attributes:
        settings: the session's options.
        devices: each device by its word, such as ``cuda:1``.
        taken: the device word and the measurement of each call.
        texts: the summary row of each call.
        messages: messages on the records, for the summary.
        workers: number of pytest-xdist workers that measured.
    """

    settings: Settings
    devices: dict[str, MeasuredDevice] = field(default_factory=dict)
    taken: list[tuple[str, Measurement]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    workers: int = 0

    def add(self, word: str, device: MeasuredDevice, measurement: Measurement, text: str) -> None:
        """Adds one measurement of a device."""
        self.devices.setdefault(word, device)
        self.taken.append((word, measurement))
        self.texts.append(text)

    def to_json(self) -> str:
        """Returns the measurements as JSON, for the main process of pytest-xdist."""
        devices = {
            word: [part.model_dump_json() for part in (one.machine, one.device, one.identity)]
            for word, one in self.devices.items()
        }
        taken = [(word, one.model_dump_json()) for word, one in self.taken]
        return json.dumps({"devices": devices, "taken": taken, "texts": self.texts})

    def add_json(self, text: str) -> None:
        """Adds the measurements of a pytest-xdist worker, as ``to_json`` gave them."""
        data = json.loads(text)
        self.workers += bool(data["taken"])
        for word, (machine, device, identity) in data["devices"].items():
            measured = MeasuredDevice(
                Machine.model_validate_json(machine),
                DeviceInfo.model_validate_json(device),
                Identity.model_validate_json(identity),
            )
            self.devices.setdefault(word, measured)
        self.taken += [(word, Measurement.model_validate_json(one)) for word, one in data["taken"]]
        self.texts += data["texts"]

    def lines(self) -> list[str]:
        """Returns the rows of the summary, and messages about the records."""
        lines = [one_line(text) for text in self.texts]
        if self.workers > 1:
            lines.append(
                f"{self.workers} workers measured at once and disturbed one another: use -n 1"
            )
        return [*lines, *self.messages]

    def write(self) -> bool:
        """Writes one record per device if requested; returns whether that succeeded."""
        if self.settings.out is None or not self.taken:
            return True
        try:
            for word in self.devices:
                self._write(word, Path(self.settings.out))
        except OSError as error:
            self.messages.append(f"the record could not be written: {error.strerror}")
            return False
        return True

    def _write(self, word: str, out: Path) -> None:
        record = self._record(word)
        path = record_path(record, out)
        if out.suffix == ".json":
            own_file = out.with_stem(f"{out.stem}-{word.replace(':', '')}")
            path = out if len(self.devices) == 1 else own_file
        write(record, path)
        self.messages.append(f"record: {path}")

    def _record(self, word: str) -> Record:
        measured, now = self.devices[word], dt.datetime.now(dt.UTC)
        token = hashlib.sha256(f"{now.isoformat()} {word}".encode()).hexdigest()[:6]
        return Record(
            id=f"{now:%Y%m%d-%H%M%S}-{measured.device.backend}-{token}",
            started_utc=now.isoformat(timespec="seconds"),
            state="complete",
            program=program(),
            suite=SUITE,
            settings={"seconds": self.settings.seconds, "workers": self.workers},
            machine=measured.machine,
            device=measured.device,
            identity=measured.identity,
            measurements=tuple(one for name, one in self.taken if name == word),
        )


def session_of(config: pytest.Config) -> Session:
    """Returns an empty session with the options of pytest's config.

    Raises:
        pytest.UsageError: an invalid option.
    """
    names = ("out", "device", "chip", "seconds")
    settings = Settings(*(config.getoption(f"--onpaper-{name}") for name in names))
    if not 0.01 <= settings.seconds <= 3600:
        raise pytest.UsageError("--onpaper-seconds must be 0.01 to 3600")
    return Session(settings)
