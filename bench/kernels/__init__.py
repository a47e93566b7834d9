"""One file per kernel: it builds the inputs, runs once, declares its work, checks the result."""
