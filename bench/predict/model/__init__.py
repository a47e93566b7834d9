"""The comparison model: the time of a step from chip, software stack and workload, without data."""
