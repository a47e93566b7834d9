"""A device of known rates, noise, throttling and cache, on a clock of its own.

Everything above the device is tested on it, without a clock and without torch. What a call takes
follows from the kernel's declared work; nothing is computed.
"""

import math
from dataclasses import dataclass, field

from bench.devices.base import Elapsed, Health, Prepared, Reading
from bench.devices.noise import Noise
from bench.devices.uid import uid
from bench.kernels.common.base import Kernel, Limits, Point, UnsupportedError
from bench.records.model import Check, DeviceInfo, Work
from bench.throttle import Throttle

RATES = {
    "fp64": 0.95e12, "fp32": 40e12, "tf32": 70e12, "bf16": 140e12, "fp16": 140e12, "fp8": 280e12,
    "int8": 280e12, "mxfp8": 280e12, "nvfp4": 560e12,
}  # fmt: skip
"""Operations a second of the default fake, by dtype: invented, near those of a capped part."""


@dataclass(frozen=True)
class FakeSpec:
    """What the fake device is.

    Attributes:
        name: as it reports itself.
        rates: operations a second by dtype; a dtype left out is not supported.
        peaks: operations a second by figure of a sheet, which go before those of the dtype.
        bandwidth: bytes a second of memory.
        cache_bytes, cache_bandwidth: buffers that fit are faster.
        host_bandwidth, link_bandwidth: bytes a second each way to the host and to a peer.
        cache_latency_s, memory_latency_s: time of one load that waits for the last.
        launch_s: time of a call that does nothing.
        tile: matrix tiles are padded to this many rows and columns.
        units: tiles run in waves over this many units.
        noise, noise_level: model of the noise and its relative size.
        throttle_after_s, throttle_to: after so much load, of which a rest takes away as much as it
            lasts, rates are multiplied by ``throttle_to``.
        software: dtypes done in software, at a thousandth of the rate.
        broken: dtypes whose result is wrong.
        eliminated: dtypes whose call does nothing, as a compiler that removes it would.
        clock_hz, clock_share: the clock behind ``rates``, and the share of it that is kept.
        software_share: share of the rates that is left after what software loses.
        ramp_k: inner size at which a matmul reaches half of its rate.
        flattered: factor on the rates by kind of input data.
        power_w, power_limit_w: power under any load; at the limit, its cap is a throttle reason.
        index: its number among several, which then have serials.
    """

    name: str = "onpaper fake device"
    rates: dict[str, float] = field(default_factory=lambda: dict(RATES))
    peaks: dict[str, float] = field(default_factory=dict)
    bandwidth: float = 3.7e12
    cache_bytes: float = 50e6
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
    """A configuration and the time one call takes without noise."""

    call_s: float
    check: Check
    seen: dict[str, float | str] = field(default_factory=dict)
    at_once: int = 1

    def spoil(self) -> None:
        """Has no results to overwrite."""

    def spot_check(self) -> Check:
        """Returns what the spec says of the dtype."""
        return self.check

    def observed(self) -> dict[str, float | str]:
        """Returns what the spec says of a matmul's tiles."""
        return self.seen


class FakeDevice:
    """The fake device; its clock moves only when it works or rests."""

    timer_resolution_s = 1e-6
    live = False

    def __init__(self, spec: FakeSpec | None = None) -> None:
        self.spec = spec or FakeSpec()
        self._clock = self._heat_s = 0.0
        self._noise = Noise(self.spec.noise, self.spec.noise_level, self.spec.seed)

    def info(self) -> DeviceInfo:
        """Returns what the spec says."""
        spec = self.spec
        return DeviceInfo(
            backend="fake",
            uid=None if spec.index is None else uid(f"{spec.name} {spec.index}"),
            index=spec.index or 0,
            name=spec.name,
            units=spec.units,
            memory_bytes=spec.memory_bytes,
            memory_free_bytes=spec.memory_bytes,
            l2_bytes=spec.cache_bytes,
            llc_bytes=spec.cache_bytes,
            power_limit_w=spec.power_limit_w,
        )

    def limits(self) -> Limits:
        """Returns half of the memory, and the cache."""
        return Limits(self.spec.memory_bytes / 2, self.spec.cache_bytes, is_cpu=False)

    def lacks(self, dtype: str) -> str | None:
        """Returns a reason for dtypes without a rate."""
        return None if dtype in self.spec.rates else f"no {dtype} on this device"

    def check(self, kernel: Kernel, point: Point) -> Check:  # noqa: ARG002 -- the protocol's signature
        """Passes, unless the spec breaks the dtype."""
        wrong = point.dtype in self.spec.broken
        return Check(passed=not wrong, error=1.0 if wrong else 0.0, tolerance=1e-6, shape="-")

    def prepare(self, kernel: Kernel, point: Point) -> FakePrepared:
        """Works out what a call takes."""
        if point.dtype not in self.spec.rates:
            raise UnsupportedError(f"no {point.dtype} on this device")
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
        """Returns operations/s of the figure tested; of vector units no more than their fp32."""
        peaks, rate = self.spec.peaks, self.spec.rates[point.dtype]
        chain = point.kernel == "roofline" and point.parameters.get("way") != "product"
        if point.kernel == "vector" or (chain and point.dtype in ("fp32", "fp64")):
            known = min(rate, peaks.get("vector_fp32", rate))
            return peaks.get(f"vector_{point.dtype}", known)
        return next((peaks[key] for key in figures if key in peaks), rate)

    def _moving_s(self, work: Work, point: Point) -> float:
        """Returns the time that a call's bytes take, over what they cross."""
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
        """Returns the share of a matmul's tiles and waves that do useful work, and its ramp."""
        if "m" not in point.parameters:
            return 1.0
        spec, (m, n, k) = self.spec, (point.size(name) for name in "mnk")
        tiles = math.ceil(m / spec.tile) * math.ceil(n / spec.tile)
        waves = math.ceil(tiles / spec.units)
        used = m * n / (spec.tile**2 * waves * spec.units)
        layout = 0.97 if point.parameters.get("layout") == "nn" else 1.0
        return used * layout * k / (k + spec.ramp_k)

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        """Moves the clock by what the calls take, noise and throttling included."""
        assert isinstance(prepared, FakePrepared)  # noqa: S101 -- the type that prepare() gave
        factor = 1.0 / self.spec.throttle_to if self._is_hot() else 1.0
        noisy, disturbed = self._noise.next(self._clock)
        seconds = calls * prepared.call_s * factor * noisy
        self._clock += seconds
        self._heat_s += seconds
        return Elapsed(seconds, seconds, disturbed)

    def _is_hot(self) -> bool:
        return self._heat_s >= self.spec.throttle_after_s

    def now(self) -> float:
        """Returns the fake clock, which rests a nanosecond at each look."""
        self._clock += 1e-9
        return self._clock

    def rest(self, seconds: float) -> None:
        """Lets the fake clock go on, and the device cool down."""
        self._clock += seconds
        self._heat_s = max(0.0, self._heat_s - seconds)

    def reading(self) -> Reading:
        """Returns a clock that follows the throttling, and the power cap where it is met."""
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
        """Has nothing to give back."""


def present(index: int) -> str | None:
    """Returns why there is no such fake device, None if there is."""
    return None if index == 0 else "the fake device is one device: device=fake"


def make(index: int) -> FakeDevice:  # noqa: ARG001 -- every backend is made by index
    """Returns the device with its default spec."""
    return FakeDevice()
