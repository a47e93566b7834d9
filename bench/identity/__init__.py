"""Whether a device is the chip it claims to be, by all that it reports and all that it does."""
