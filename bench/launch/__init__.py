"""One run on each of many nodes: the engine schedules, this part asks, remembers and reports."""
