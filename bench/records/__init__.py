"""Records of runs: their schema, and how they are written, read and found."""
