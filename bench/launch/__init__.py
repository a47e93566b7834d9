"""One run on each of many nodes: the engine schedules, this part tracks and reports."""
