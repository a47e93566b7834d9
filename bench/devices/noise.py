"""Noise models of the fake device: the factor of a sample's time over the noise-free time."""

import math

import numpy as np

NOISES = ("none", "white", "lognormal", "heavy", "correlated", "bursts", "periodic")


class Noise:
    """Draws the next sample's factor over the noise-free time; its median is one."""

    def __init__(self, model: str, level: float, seed: int) -> None:
        self._model, self._level = model, level
        self._random = np.random.default_rng(seed)
        self._state = 0.0
        self._busy = False

    def next(self, at_s: float) -> tuple[float, bool]:
        """Returns the factor, and whether it is flagged as disturbed."""
        draw = getattr(self, f"_{self._model}")
        factor = float(draw(at_s))
        return max(factor, 0.5), self._busy

    def _none(self, _: float) -> float:
        return 1.0

    def _white(self, _: float) -> float:
        return 1.0 + self._level * self._random.standard_normal()

    def _lognormal(self, _: float) -> float:
        return math.exp(self._level * self._random.standard_normal())

    def _heavy(self, _: float) -> float:
        """Student's t with two degrees of freedom: now and then a sample is far off."""
        return 1.0 + self._level * self._random.standard_t(2)

    def _correlated(self, _: float) -> float:
        """First-order autoregression with coefficient 0.9 and stationary size ``level``."""
        step = self._random.standard_normal() * math.sqrt(1 - 0.9**2)
        self._state = 0.9 * self._state + step
        return 1.0 + self._level * self._state

    def _bursts(self, _: float) -> float:
        """A neighbour's load: bursts of about ten samples, a fifth of the time."""
        leave, come = 0.1, 0.025
        self._busy = self._random.random() >= (leave if self._busy else 1 - come)
        slow = 10 * self._level if self._busy else 0.0
        return 1.0 + slow + self._level * self._random.standard_normal()

    def _periodic(self, at_s: float) -> float:
        """A sine of period 0.1 s, as from a periodic neighbour or a fan."""
        swing = math.sin(2 * math.pi * at_s / 0.1)
        return 1.0 + self._level * (swing + 0.3 * self._random.standard_normal())
