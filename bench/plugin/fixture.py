"""The fixture ``onpaper``: compares a call, or a pytest-benchmark timing, with the chip's sheet."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, Unpack

import pytest

from bench.calls.call import Given, WorkArguments, timed, timing_of
from bench.calls.compared import MeasuredDevice, compared, described, device_at
from bench.calls.result import Result
from bench.calls.where import device_of
from bench.errors import OnpaperError
from bench.plugin.session import Session
from bench.records.model import Conditions, Timing

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


def _blames_the_caller(method: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
    """Returns a method whose errors on wrong use point at the test's line, not into this module."""

    @wraps(method)
    def called(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
        __tracebackhide__ = True
        try:
            return method(*args, **kwargs)
        except OnpaperError as error:
            raise error.with_traceback(None) from None

    return called


class Onpaper:
    """The object that a test calls; every result is a row of the session's summary."""

    def __init__(self, test: str, session: Session) -> None:
        self._test = test
        self._session = session
        self._count = 0

    @_blames_the_caller
    def __call__(
        self,
        call: Callable[[], object],
        *,
        device: str | None = None,
        seconds: float | None = None,
        name: str | None = None,
        flush: bool = False,
        **work: Unpack[WorkArguments],
    ) -> Result:
        """Times a call and compares its rate with the published figure of the chip it runs on.

        Args:
            call: takes no arguments; of what it returns only the device matters.
            device: device word; default: that of the tensors that the call returns or holds.
            seconds: time to measure in s; default: ``--onpaper-seconds``.
            name: name of the row; default: the test's name.
            flush: empty the caches before each call, outside its time, so that inputs which fit in
                them are read from memory.
            work: the work of one call, see ``WorkArguments``.

        Raises:
            UsageError: invalid work, dtype, figure or device.
        """
        given = Given(**work, flush=flush).checked()
        value = call()  # warms up: errors of the call are the test's own, and its code is loaded
        word = device or self._session.settings.device or device_of(call, value)
        budget_s = seconds or self._session.settings.seconds
        seen = timed(device_at(word), call, budget_s, flush=flush)
        return self._result(word, given, seen, name)

    @_blames_the_caller
    def beside(
        self,
        benchmark: Any,  # noqa: ANN401 -- pytest-benchmark's fixture has no public type
        *,
        device: str | None = None,
        name: str | None = None,
        **work: Unpack[WorkArguments],
    ) -> Result:
        """Compares the timing of pytest-benchmark's fixture with the published figure.

        Its rounds are used as they are, timed by the host's clock: on an accelerator the call must
        wait until its work is done. The work is added to ``extra_info``. Where benchmarks are
        disabled nothing was timed, and the rest of the test is skipped.

        Args:
            benchmark: the fixture, after it has run.
            device: device word; default: ``--onpaper-device``, else the CPU.
            name: name of the row; default: the test's name.
            work: the work of one call, see ``WorkArguments``.

        Raises:
            UsageError: invalid work, dtype, figure or device.
        """
        given = Given(**work).checked()
        found = getattr(benchmark, "stats", None)
        if found is None:
            pytest.skip("onpaper.beside: pytest-benchmark has timed nothing")
        word = device or self._session.settings.device or "cpu"
        timing = timing_of([max(one, 1e-12) for one in found.stats.data], found.iterations)
        result = self._result(word, given, (timing, Conditions()), name)
        told = {"dtype": given.dtype, "chip": result.chip, "figure": result.figure}
        info: dict[str, object] = {**work, **told}
        benchmark.extra_info.update({key: value for key, value in info.items() if value})
        return result

    def _result(
        self, word: str, given: Given, seen: tuple[Timing, Conditions], name: str | None
    ) -> Result:
        """Compares a timing with its figure, and adds it to the session."""
        measured_on = self._measured_device(word)
        self._count += 1
        called = name or (self._test if self._count == 1 else f"{self._test} {self._count}")
        taken, result = compared(called, given, seen, measured_on)
        self._session.add(word, measured_on, taken, result.text)
        return result

    def _measured_device(self, word: str) -> MeasuredDevice:
        """Returns the device's description, made once per session."""
        if word not in self._session.devices:
            self._session.devices[word] = described(word, self._session.settings.chip)
        return self._session.devices[word]
