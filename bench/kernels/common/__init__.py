"""Code that kernels share: their interface, input data, precision switches, checks."""
