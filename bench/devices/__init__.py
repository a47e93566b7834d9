"""One file a backend: is it here, what is it, how is it timed, how does it feel."""
