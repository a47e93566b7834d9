"""Checks whether a device is the chip that it claims to be, by what it reports and measures."""
