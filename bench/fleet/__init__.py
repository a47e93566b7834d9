"""Many devices beside one another: which differ, how surely, and why."""
