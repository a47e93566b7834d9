"""A simulated device with known rates, noise, throttling and cache, on a simulated clock.

Everything above the device is tested on it, without waiting and without torch. The time of a call
follows from the kernel's declared work; nothing is computed.
"""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.devices.base import Elapsed, Health, Prepared, Reading
from bench.devices.noise import Noise
from bench.devices.uid import uid
from bench.judging.throttle import Throttle
from bench.kernels.common.base import Kernel, Limits, Point, UnsupportedError
from bench.records.model import Check, DeviceInfo, Work

if TYPE_CHECKING:
    from collections.abc import Callable

RATES = {
    "fp64": 0.95e12, "fp32": 40e12, "tf32": 70e12, "bf16": 140e12, "fp16": 140e12, "fp8": 280e12,
    "int8": 280e12, "mxfp8": 280e12, "nvfp4": 560e12,
}  # fmt: skip
"""Operations/s of the default fake, by dtype: invented, like those of a cut-down export part."""


@dataclass(frozen=True)
class FakeSpec:
    """The properties of a simulated device.

    Attributes:
        name: device name.
        rates: operations/s by dtype; a dtype left out is not supported.
        lacking: why a dtype is not supported, by dtype.
        peaks: operations/s by sheet figure; these override ``rates``.
        bandwidth: memory bandwidth, bytes/s.
        cache_bytes, cache_bandwidth: the last cache, and its bandwidth for buffers that fit.
        l2_bytes: size of the L2 cache, if it is not the last one.
        host_bandwidth, link_bandwidth: bytes/s each way to the host and to a peer.
        cache_latency_s, memory_latency_s: latency of one dependent load.
        launch_s: launch overhead: the time of an empty call.
        tile: matrix sizes are padded to multiples of this tile.
        units: compute units; tiles run in waves over them.
        noise, noise_level: noise model and its relative magnitude.
        throttle_after_s, throttle_to: after this much load, rates are multiplied by
            ``throttle_to``; a rest cools by as much as it lasts.
        software: dtypes emulated in software, at a thousandth of the rate.
        broken: dtypes whose results are wrong.
        eliminated: dtypes whose calls do nothing, as if the compiler had removed them.
        clock_hz, clock_share: the clock that ``rates`` assume, and the fraction of it that is held.
        software_share: fraction of the rates that the software stack reaches.
        ramp_k: inner size (k) at which a matmul reaches half of its rate.
        flattered: factor on the rates by input pattern.
        power_w, power_limit_w: power under any load; at the limit the power cap is reported.
        index: device number among several, which then have serial numbers.
    """

    name: str = "onpaper fake device"
    rates: dict[str, float] = field(default_factory=lambda: dict(RATES))
    lacking: dict[str, str] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    bandwidth: float = 3.7e12
    cache_bytes: float = 50e6
    l2_bytes: float | None = None
    cache_bandwidth: float = 12e12
    host_bandwidth: float = 55e9
    link_bandwidth: float = 400e9
    cache_latency_s: float = 250e-9
    memory_latency_s: float = 700e-9
    launch_s: float = 5e-6
    tile: int = 128
    units: int = 78
    memory_bytes: float = 96e9
    noise: str = "white"
    noise_level: float = 0.01
    throttle_after_s: float = math.inf
    throttle_to: float = 1.0
    software: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    eliminated: tuple[str, ...] = ()
    seed: int = 1
    clock_hz: float = 1.8e9
    clock_share: float = 1.0
    software_share: float = 1.0
    ramp_k: int = 512
    flattered: dict[str, float] = field(default_factory=dict)
    power_w: float = 350.0
    power_limit_w: float | None = None
    index: int | None = None


@dataclass
class FakePrepared:
    """A configuration and its noise-free call time."""

    call_s: float
    check: Check
    seen: dict[str, float | str] = field(default_factory=dict)
    at_once: int = 1

    def spoil(self) -> None:
        """Has no results to overwrite."""

    def spot_check(self) -> Check:
        """Returns the outcome that the spec sets for the dtype."""
        return self.check

    def observed(self) -> dict[str, float | str]:
        """Returns the spec's tile for a matmul."""
        return self.seen


class FakeDevice:
    """The simulated device; its clock advances only with work and rest."""

    timer_resolution_s = 1e-6
    live = False

    def __init__(self, spec: FakeSpec | None = None) -> None:
        self.spec = spec or FakeSpec()
        self._clock = self._heat_s = 0.0
        self.after_call: Callable[[], None] = lambda: None
        self._noise = Noise(self.spec.noise, self.spec.noise_level, self.spec.seed)

    def info(self) -> DeviceInfo:
        """Returns the spec's properties."""
        spec = self.spec
        return DeviceInfo(
            backend="fake",
            uid=None if spec.index is None else uid(f"{spec.name} {spec.index}"),
            index=spec.index or 0,
            name=spec.name,
            units=spec.units,
            memory_bytes=spec.memory_bytes,
            memory_free_bytes=spec.memory_bytes,
            l2_bytes=spec.l2_bytes or spec.cache_bytes,
            llc_bytes=spec.cache_bytes,
            power_limit_w=spec.power_limit_w,
        )

    def limits(self) -> Limits:
        """Returns half of the memory, and the cache size."""
        spec = self.spec
        return Limits(spec.memory_bytes / 2, spec.cache_bytes, is_cpu=False, units=spec.units)

    def lacks(self, dtype: str) -> str | None:
        """Returns why a dtype without a rate is not supported."""
        if dtype in self.spec.rates:
            return None
        return self.spec.lacking.get(dtype, f"no {dtype} on this device")

    def check(self, kernel: Kernel, point: Point) -> Check:  # noqa: ARG002 -- the protocol's signature
        """Passes unless the spec declares the dtype broken."""
        wrong = point.dtype in self.spec.broken
        return Check(passed=not wrong, error=1.0 if wrong else 0.0, tolerance=1e-6, shape="-")

    def prepare(self, kernel: Kernel, point: Point) -> FakePrepared:
        """Computes the call time."""
        if lacking := self.lacks(point.dtype):
            raise UnsupportedError(lacking)
        if kernel.work(point).footprint_bytes > self.spec.memory_bytes:
            raise MemoryError("out of device memory")
        done = point.dtype not in self.spec.eliminated
        spot = Check(passed=done, error=0.0 if done else 1.0, tolerance=1e-6, shape="-")
        tiled = "m" in point.parameters
        seen: dict[str, float | str] = {"tile": f"{self.spec.tile}x{self.spec.tile}"}
        call_s = self.call_s(kernel.work(point), point, kernel.figures(point))
        return FakePrepared(call_s, spot, seen if tiled else {})

    def call_s(self, work: Work, point: Point, figures: tuple[str, ...] = ()) -> float:
        """Returns the noise-free, unthrottled time of one call: launch, compute and memory."""
        spec = self.spec
        if point.dtype in spec.eliminated:
            return spec.launch_s
        rate = self._rate(point, figures) * (1e-3 if point.dtype in spec.software else 1.0)
        rate *= spec.clock_share * spec.software_share * spec.flattered.get(point.data, 1.0)
        compute = work.flop / (rate * self.shape_efficiency(point))
        return spec.launch_s + max(compute, self._moving_s(work, point))

    def _rate(self, point: Point, figures: tuple[str, ...]) -> float:
        """Returns operations/s for the figures tested; vector rates are capped by vector fp32."""
        peaks, rate = self.spec.peaks, self.spec.rates[point.dtype]
        chain = point.kernel == "roofline" and point.parameters.get("way") != "product"
        if point.kernel == "vector" or (chain and point.dtype in ("fp32", "fp64")):
            known = min(rate, peaks.get("vector_fp32", rate))
            return peaks.get(f"vector_{point.dtype}", known)
        rates = (key for key in figures if key in peaks and not key.endswith("bandwidth"))
        return next((peaks[key] for key in rates), rate)

    def _moving_s(self, work: Work, point: Point) -> float:
        """Returns the time to move a call's bytes: from cache or memory, or over a link."""
        spec, way = self.spec, str(point.parameters.get("way", ""))
        fits = work.footprint_bytes <= spec.cache_bytes
        if point.kernel == "latency":
            return work.items * (spec.cache_latency_s if fits else spec.memory_latency_s)
        bandwidth = spec.bandwidth
        if fits and point.kernel in ("memory", "cache"):
            bandwidth = spec.cache_bandwidth
        elif point.kernel == "host_link":
            bandwidth = spec.host_bandwidth * (2 if way == "both" else 1)
        elif point.kernel == "peer" and way != "local":
            bandwidth = spec.link_bandwidth * (2 if way == "peer-both" else 1)
        return work.bytes / bandwidth

    def shape_efficiency(self, point: Point) -> float:
        """Returns a matmul's fraction of the rate: tile and wave quantization, ramp-up in k."""
        if "m" not in point.parameters:
            return 1.0
        spec, (m, n, k) = self.spec, (point.size(name) for name in "mnk")
        tiles = math.ceil(m / spec.tile) * math.ceil(n / spec.tile)
        waves = math.ceil(tiles / spec.units)
        used = m * n / (spec.tile**2 * waves * spec.units)
        layout = 0.97 if point.parameters.get("layout") == "nn" else 1.0
        return used * layout * k / (k + spec.ramp_k)

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        """Advances the clock by the calls' time, with noise and throttling."""
        assert isinstance(prepared, FakePrepared)  # noqa: S101 -- the type that prepare() gave
        factor = 1.0 / self.spec.throttle_to if self._is_hot() else 1.0
        noisy, disturbed = self._noise.next(self._clock)
        seconds = calls * prepared.call_s * factor * noisy
        self._clock += seconds
        self._heat_s += seconds
        self.after_call()
        return Elapsed(seconds, seconds, disturbed)

    def _is_hot(self) -> bool:
        return self._heat_s >= self.spec.throttle_after_s

    def now(self) -> float:
        """Returns the simulated clock; each reading advances it by a nanosecond."""
        self._clock += 1e-9
        return self._clock

    def rest(self, seconds: float) -> None:
        """Advances the clock and cools the device."""
        self._clock += seconds
        self._heat_s = max(0.0, self._heat_s - seconds)

    def reading(self) -> Reading:
        """Returns the throttled clock, with the power cap as a reason where it is reached."""
        spec = self.spec
        throttled = self._is_hot() and spec.throttle_to < 1.0
        clock = spec.clock_hz * spec.clock_share * (spec.throttle_to if throttled else 1.0)
        capped = spec.power_limit_w is not None and spec.power_w >= spec.power_limit_w
        reasons = (Throttle.POWER_CAP,) * capped + (Throttle.HOT,) * throttled
        return Reading(clock, spec.power_w, temperature_c=60.0, throttle=reasons)

    def health(self) -> Health:
        """Returns an idle host."""
        return Health(load_1min=0.0, steal_s=0.0, busy_s=self._clock, involuntary_switches=0)

    def release(self) -> None:
        """Has nothing to free."""


def present(index: int) -> str | None:
    """Returns why there is no such fake device, None if there is."""
    return None if index == 0 else "the fake device is one device: device=fake"


def make(index: int) -> FakeDevice:  # noqa: ARG001 -- every backend is made by index
    """Opens the device with its default spec."""
    return FakeDevice()
