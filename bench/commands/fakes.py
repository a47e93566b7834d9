"""The simulated device as a command line says it is."""

import math
from typing import TYPE_CHECKING

from bench.config import positive
from bench.errors import UsageError
from bench.shapes import Fake, RunConfig

if TYPE_CHECKING:
    from bench.devices.fake import FakeSpec


def told(config: RunConfig) -> "dict[str, str | int | float | bool | None]":
    """Returns what was said of the fake, so that its record can be completed by the same one."""
    plain = vars(Fake())
    told = vars(config.device.fake) if config.device.name == "fake" else plain
    return {f"device.fake.{key}": value for key, value in told.items() if value != plain[key]}


def spec(config: RunConfig) -> "FakeSpec | None":
    """Returns what the device is, None where it is not simulated.

    Raises:
        UsageError: a value that no device can have.
    """
    if config.device.name != "fake":
        return None
    from bench.devices.fake import NOISES, FakeSpec

    told = config.device.fake
    if told.noise not in NOISES:
        raise UsageError(f"no noise {told.noise!r}: choose from {', '.join(NOISES)}")
    if not 0 <= told.noise_level < 1:
        raise UsageError(f"device.fake.noise_level={told.noise_level:g} must be 0 or more, below 1")
    if told.seed < 0:
        raise UsageError(f"device.fake.seed={told.seed} must be 0 or more")
    if told.count == 1 and (told.slow, told.shared) != (1.0, 1.0):
        key = "slow" if told.slow != 1.0 else "shared"
        raise UsageError(
            f"device.fake.{key}= tells one of several from the others: add device.fake.count=2"
        )
    plain = FakeSpec()
    after = math.inf if told.throttle_after_s is None else told.throttle_after_s
    return FakeSpec(
        name=told.name or plain.name,
        noise=told.noise,
        noise_level=told.noise_level,
        throttle_after_s=after,
        throttle_to=positive("device.fake.throttle_to", told.throttle_to, 1.0),
        seed=told.seed,
    )
