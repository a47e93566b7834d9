"""The fixture: compares a call, or a pytest-benchmark timing, with the chip's sheet."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar, Unpack

import pytest

from bench.chips.load import Catalogue, catalogue
from bench.chips.match import choose, identify
from bench.devices.base import Device
from bench.devices.machine import machine
from bench.errors import OnpaperError
from bench.plugin.call import (
    Given,
    WorkTold,
    device_of,
    figures,
    measurement,
    open_bandwidth,
    opened,
    timed,
    timing_of,
)
from bench.plugin.kept import Kept, Place
from bench.plugin.result import Result, result_of
from bench.records.model import Conditions, Timing
from bench.verdict import weigh

Told = ParamSpec("Told")
Made = TypeVar("Made")


def _told_at_the_call(method: Callable[Told, Made]) -> Callable[Told, Made]:
    """Returns a method whose message on wrong use stands at the test's line, without our own."""

    @wraps(method)
    def called(*args: Told.args, **kwargs: Told.kwargs) -> Made:
        __tracebackhide__ = True
        try:
            return method(*args, **kwargs)
        except OnpaperError as error:
            raise error.with_traceback(None) from None

    return called


class Onpaper:
    """The object that a test calls; every result is a row of the session's summary."""

    def __init__(self, test: str, kept: Kept) -> None:
        self._test = test
        self._kept = kept
        self._count = 0

    @_told_at_the_call
    def __call__(
        self,
        call: Callable[[], object],
        *,
        device: str | None = None,
        seconds: float | None = None,
        name: str | None = None,
        **work: Unpack[WorkTold],
    ) -> Result:
        """Times a call and sets its rate beside the published figure of the chip that it runs on.

        Args:
            call: takes no arguments; what it returns is not looked at but for its device.
            device: default: that of the tensors that the call returns or holds, else the CPU.
            seconds: time to measure; default: ``--onpaper-seconds``.
            name: default: the test's.
            work: of one call, see ``WorkTold``.

        Raises:
            UsageError: work, dtype, figure or device that cannot be.
        """
        given = Given(**work).checked()
        value = call()  # an error of the call is the test's own, and its code is loaded by now
        word = device or self._kept.settings.device or device_of(call, value)
        timing, conditions = timed(_device(word), call, seconds or self._kept.settings.seconds)
        return self._result(word, given, (timing, conditions), name)

    @_told_at_the_call
    def beside(
        self,
        benchmark: Any,  # noqa: ANN401 -- pytest-benchmark's fixture has no public type
        *,
        device: str | None = None,
        name: str | None = None,
        **work: Unpack[WorkTold],
    ) -> Result:
        """Sets what pytest-benchmark's fixture has timed beside the published figure.

        Its rounds are taken as they are, by the host's clock: on an accelerator the call has to
        wait for its end. The work is added to ``extra_info``. Where benchmarks are disabled
        nothing was timed, and the rest of the test is skipped.

        Args:
            benchmark: the fixture, after it has run.
            device: default: ``--onpaper-device``, else the CPU.
            name: default: the test's.
            work: of one call, see ``WorkTold``.

        Raises:
            UsageError: work, dtype, figure or device that cannot be.
        """
        given = Given(**work).checked()
        found = getattr(benchmark, "stats", None)
        if found is None:
            pytest.skip("onpaper.beside: pytest-benchmark has timed nothing")
        word = device or self._kept.settings.device or "cpu"
        timing = timing_of([max(one, 1e-12) for one in found.stats.data], found.iterations)
        done = self._result(word, given, (timing, Conditions()), name)
        told: dict[str, object] = {**work, "chip": done.chip, "figure": done.figure}
        benchmark.extra_info.update({key: value for key, value in told.items() if value})
        return done

    def _result(
        self, word: str, given: Given, seen: tuple[Timing, Conditions], name: str | None
    ) -> Result:
        place, sheets = self._place(word), catalogue()
        chip = sheets.chips.get(place.identity.chip or "")
        self._count += 1
        called = name or (self._test if self._count == 1 else f"{self._test} {self._count}")
        keys = figures(given, place.device, chip, sheets)
        one = measurement(called, given, seen, keys)
        row = weigh(one, place.device, chip, sheets)
        doubt = open_bandwidth(given, place.device, chip, sheets)
        done = result_of(called, row, place.device.name, chip.id if chip else None, doubt)
        self._kept.keep(word, place, one, done.text)
        return done

    def _place(self, word: str) -> Place:
        """Returns the device's description, made once a session."""
        if word not in self._kept.places:
            self._kept.places[word] = _describe(
                _device(word), catalogue(), self._kept.settings.chip
            )
        return self._kept.places[word]


@cache
def _device(word: str) -> Device:
    return opened(word)


def _describe(device: Device, sheets: Catalogue, chip: str | None) -> Place:
    info = device.info()
    identity = choose(chip, info, sheets) if chip else identify(info, sheets)
    return Place(machine(info.backend), info, identity)
