"""What kernels share: the contract, inputs, precision switches."""
