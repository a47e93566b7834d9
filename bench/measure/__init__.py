"""The loop, when to stop, the interval, the search, the conditions."""
