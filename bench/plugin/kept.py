"""The measurements of a test session: rows for its summary, and a record for the gate."""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bench.measure.runner import program, record_path
from bench.records.model import DeviceInfo, Identity, Machine, Measurement, Record
from bench.records.store import write
from bench.report.markup import one_line

SUITE = "pytest"


@dataclass(frozen=True)
class Settings:
    """The options of the session."""

    out: str | None
    device: str | None
    chip: str | None
    seconds: float


@dataclass(frozen=True)
class Place:
    """The device that something was measured on."""

    machine: Machine
    device: DeviceInfo
    identity: Identity


@dataclass
class Kept:
    """The measurements by device, in test order."""

    settings: Settings
    places: dict[str, Place] = field(default_factory=dict)
    taken: list[tuple[str, Measurement]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    workers: int = 0

    def keep(self, word: str, place: Place, one: Measurement, text: str) -> None:
        """Adds one measurement of a device."""
        self.places.setdefault(word, place)
        self.taken.append((word, one))
        self.texts.append(text)

    def handed_over(self) -> str:
        """Returns all of it as text, for the session that this process works for."""
        places = {
            word: [part.model_dump_json() for part in (one.machine, one.device, one.identity)]
            for word, one in self.places.items()
        }
        taken = [(word, one.model_dump_json()) for word, one in self.taken]
        return json.dumps({"places": places, "taken": taken, "texts": self.texts})

    def take(self, told: str) -> None:
        """Adds the measurements of another process."""
        data = json.loads(told)
        self.workers += bool(data["taken"])
        for word, (machine, device, identity) in data["places"].items():
            place = Place(
                Machine.model_validate_json(machine),
                DeviceInfo.model_validate_json(device),
                Identity.model_validate_json(identity),
            )
            self.places.setdefault(word, place)
        self.taken += [(word, Measurement.model_validate_json(one)) for word, one in data["taken"]]
        self.texts += data["texts"]

    def lines(self) -> list[str]:
        """Returns the rows of the summary, and messages about the records."""
        lines = [one_line(text) for text in self.texts]
        if self.workers > 1:
            lines.append(
                f"{self.workers} workers measured at once and disturbed one another: use -n 1"
            )
        return [*lines, *self.told]

    def write(self) -> bool:
        """Writes one record per device if requested; returns whether that succeeded."""
        if self.settings.out is None or not self.taken:
            return True
        try:
            for word in self.places:
                self._write(word, Path(self.settings.out))
        except OSError as error:
            self.told.append(f"the record could not be written: {error.strerror}")
            return False
        return True

    def _write(self, word: str, out: Path) -> None:
        record = self._record(word)
        path = record_path(record, out)
        if out.suffix == ".json":
            several = out.with_stem(f"{out.stem}-{word.replace(':', '')}")
            path = out if len(self.places) == 1 else several
        write(record, path)
        self.told.append(f"record: {path}")

    def _record(self, word: str) -> Record:
        place, now = self.places[word], dt.datetime.now(dt.UTC)
        token = hashlib.sha256(f"{now.isoformat()} {word}".encode()).hexdigest()[:6]
        return Record(
            id=f"{now:%Y%m%d-%H%M%S}-{place.device.backend}-{token}",
            started_utc=now.isoformat(timespec="seconds"),
            state="complete",
            program=program(),
            suite=SUITE,
            settings={"seconds": self.settings.seconds, "workers": self.workers},
            machine=place.machine,
            device=place.device,
            identity=place.identity,
            measurements=tuple(one for name, one in self.taken if name == word),
        )


def kept_of(config: pytest.Config) -> Kept:
    """Returns an empty store with the session's options.

    Raises:
        pytest.UsageError: an option that cannot be.
    """
    names = ("out", "device", "chip", "seconds")
    settings = Settings(*(config.getoption(f"--onpaper-{name}") for name in names))
    if not 0.01 <= settings.seconds <= 3600:
        raise pytest.UsageError("--onpaper-seconds must be 0.01 to 3600")
    return Kept(settings)
