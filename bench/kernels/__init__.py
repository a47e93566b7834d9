"""One file a kernel: build the inputs, run once, declare the work, check the result."""
