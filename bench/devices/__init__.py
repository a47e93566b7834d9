"""One file per backend: whether the device exists, its description, its timing, its telemetry."""
