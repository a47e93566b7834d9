"""One file a command: compose the config, call, print, return the exit code."""
