"""Measures several devices of one machine, each alone and then all at once; shows the spread."""

import multiprocessing
import secrets
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bench.commands.printed import printed
from bench.commands.running.live import Live, line
from bench.commands.running.titled import Titled
from bench.config import positive
from bench.errors import OnpaperError, UsageError
from bench.report.text.markup import printable
from bench.shapes import RunConfig

if TYPE_CHECKING:
    from bench.chips.load import Catalogue
    from bench.devices.fake import FakeSpec
    from bench.measure.runner import Order, Watcher
    from bench.measure.session import Session
    from bench.measure.several import Member
    from bench.records.model import Measurement, Record

ALL = "all"
MOST_FAKES = 64
"""Most simulated devices."""
FAKE = "fake"


@dataclass
class Taken:
    """The records of the devices, by device word.

    Attributes:
        alone, together: the records of the two phases.
        troubles: what went wrong on a device.
        whole: whether the run was not interrupted.
    """

    alone: "dict[str, Record]" = field(default_factory=dict)
    together: "dict[str, Record]" = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    whole: bool = True

    @property
    def failed(self) -> str:
        """Returns a message on what could not be measured; empty if all was."""
        from bench.records.failures import summary

        if self.troubles:
            failures = (f"{word}: {why}" for word, why in self.troubles.items())
            return "exit code 1: " + "; ".join(failures)
        return summary((*self.alone.values(), *self.together.values()))


def listed(words: list[str]) -> list[str]:
    """Returns the words with a list of devices, ``device=cuda:0,cuda:2``, split into keys.

    Raises:
        UsageError: a device is named twice.
    """
    return [word for one in words for word in _listed(one)]


def _listed(word: str) -> list[str]:
    key, _, value = word.partition("=")
    if key != "device" or not ("," in value or value.startswith("[")):
        return [word]
    names = [name.strip() for name in value.strip("[]").split(",") if name.strip()]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated:
        raise UsageError(f"device={value}: {repeated} is named twice")
    return [f"device={ALL}", f"device.among=[{','.join(names)}]"]


def is_several(config: RunConfig) -> bool:
    """Returns whether a run measures several devices."""
    counted = config.device.name == FAKE and config.device.fake.count != 1
    return config.device.name == ALL or counted


def check(config: RunConfig) -> None:
    """Refuses a combination of devices that cannot be measured together.

    Raises:
        UsageError: the message says what to do instead.
    """
    from bench.devices.base import DeviceError
    from bench.devices.registry import parse
    from bench.measure.ranks import count

    if count() > 1:
        raise UsageError("several devices are measured without torchrun: leave it out")
    fake = config.device.fake
    if config.device.index:
        raise UsageError("device=all takes no index: list the devices, device=cuda:0,cuda:2")
    if not 1 <= fake.count <= MOST_FAKES:
        raise UsageError(f"device.fake.count={fake.count} must be 1 to {MOST_FAKES}")
    positive("device.fake.slow", fake.slow, 1.0)
    positive("device.fake.shared", fake.shared, 1.0)
    known: dict[tuple[str, int], str] = {}
    for word in config.device.among:
        try:
            device = parse(word)
        except DeviceError as error:
            raise UsageError(str(error)) from None
        if device[0] == FAKE:
            raise UsageError("simulated devices are counted: device=fake device.fake.count=3")
        if device in known:
            raise UsageError(f"{known[device]} and {word} are one device: name it once")
        known[device] = word


def execute(config: RunConfig, order: "Order", fake: "FakeSpec | None") -> int:
    """Measures, prints the table of the spread, and returns the exit code."""
    from bench.chips.load import catalogue
    from bench.report.record.several import spread_report

    sheets = catalogue()
    words = _words(config)
    taken = _taken(config, order, sheets, words, fake)
    if not taken.alone and not taken.together:
        raise UsageError("; ".join(f"{word}: {why}" for word, why in taken.troubles.items()))
    report = spread_report(taken.alone, taken.together, taken.troubles, sheets)
    printed(report, config.report.format)
    if not taken.whole:
        return 130
    unsaved = [why for why in taken.troubles.values() if "could not be written" in why]
    if unsaved:
        raise OnpaperError("; ".join(unsaved))
    if taken.failed and not config.quiet:
        print(f"onpaper: {printable(taken.failed)}", file=sys.stderr)
    return 1 if taken.failed else 0


def _words(config: RunConfig) -> list[str]:
    """Returns the device words: those named, those simulated, or all devices of this machine."""
    if config.device.name == FAKE:
        return [f"{FAKE}:{index}" for index in range(config.device.fake.count)]
    if config.device.among:
        return list(config.device.among)
    found = _found()
    if not found:
        raise UsageError("no device was found")
    return found


def _found() -> list[str]:
    """Returns the devices of this machine, found in another process: this one loads no torch."""
    from bench.devices.registry import every

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return list(pool.submit(every).result())
        except BrokenProcessPool:
            raise UsageError("the process that looks for devices crashed: name them") from None


def _taken(
    config: RunConfig,
    order: "Order",
    sheets: "Catalogue",
    words: Sequence[str],
    fake: "FakeSpec | None",
) -> Taken:
    """Measures each device alone, then all that succeeded at once; Ctrl-C keeps what was taken."""
    from bench.commands.run import terminable
    from bench.measure.several import Member

    taken, group = Taken(), secrets.token_hex(6)
    progress = _Progress(config, sheets)
    with terminable():
        for word in words if config.device.alone else ():
            member = Member(word, _session(word, fake, config, len(words), at_once=1))
            progress.line(f"{word} alone")
            one_device = _phase_order(order, group, 1)
            _phase([member], one_device, (sheets, progress), taken, taken.alone)
            if not taken.whole:
                return taken
        working = [word for word in words if word in taken.alone or not config.device.alone]
        members = [
            Member(
                word, _session(word, fake, config, len(words), at_once=len(working)),
                taken.alone.get(word),
            )
            for word in working
        ]  # fmt: skip
        if len(members) > 1 or not config.device.alone:
            progress.line(f"{len(members)} devices at once")
            at_once = _phase_order(order, group, len(members))
            _phase(members, at_once, (sheets, progress), taken, taken.together)
    return taken


def _phase_order(order: "Order", group: str, count: int) -> "Order":
    """Returns the order of a phase, whose records say how many devices were measured at once."""
    return replace(order, settings={**order.settings, "group": group, "together": count})


def _phase(
    members: "list[Member]",
    order: "Order",
    context: "tuple[Catalogue, _Progress]",
    taken: Taken,
    records: "dict[str, Record]",
) -> None:
    """Measures one phase; adds its records to ``records`` and its troubles to ``taken``."""
    from bench.measure.several import measured_together

    sheets, progress = context
    try:
        with progress.following(order, members):
            taken.whole = measured_together(members, order, sheets, progress.watcher)
    finally:
        for one in members:
            one.session.close()
    for one in members:
        if one.record is not None:
            records[one.word] = one.record
        if one.trouble:
            taken.troubles[one.word] = one.trouble
            progress.line(f"{one.word}: {one.trouble}")


def _session(
    word: str, fake: "FakeSpec | None", config: RunConfig, count: int, *, at_once: int
) -> "Session":
    """Returns the session of a device.

    Of several simulated devices the last is slower by ``device.fake.slow``, and all are by
    ``device.fake.shared`` while they run at once.
    """
    from bench.devices.fake import FakeDevice
    from bench.measure.session import LocalSession, open_session

    if fake is None:
        return open_session(word)
    settings, index = config.device.fake, int(word.partition(":")[2])
    slow = settings.slow if index == count - 1 else 1.0
    shared = settings.shared if at_once > 1 else 1.0
    return LocalSession(
        FakeDevice(
            replace(
                fake,
                index=index,
                seed=fake.seed + 2 * index + (at_once > 1),
                clock_share=slow * shared,
                bandwidth=fake.bandwidth * slow,
            )
        )
    )


class _Progress:
    """Progress on stderr: a bar and lines for one device, one line per result for several."""

    def __init__(self, config: RunConfig, sheets: "Catalogue") -> None:
        self._config, self._sheets = config, sheets
        self._live: Live | None = None
        self._titled = Titled((), sheets, config.margin)

    @contextmanager
    def following(self, order: "Order", members: "list[Member]") -> Iterator[None]:
        """Follows a phase, with a bar if there is one device."""
        self._titled = Titled(order.items, self._sheets, self._config.margin)
        if len(members) > 1:
            yield
            for one in members:
                self.line(f"record: {one.file.path}" if one.file else f"{one.word}: no record")
            return
        quiet, margin = self._config.quiet, self._config.margin
        with Live(order, self._sheets, margin=margin, quiet=quiet) as self._live:
            yield
        self._live = None

    def line(self, text: str) -> None:
        """Prints a line, unless the run is quiet."""
        if not self._config.quiet:
            print(printable(text), file=sys.stderr, flush=True)

    def watcher(self, member: "Member") -> "Watcher":
        """Returns the watcher that follows a device."""
        from bench.measure.runner import Watcher

        if self._live:
            return self._live.watcher()

        def measured(record: "Record", done: "Measurement") -> None:
            row = self._titled.row(record, done)
            self.line(f"{member.word} {line(row)}")

        return Watcher(measured=measured, unsaved=self.line)
