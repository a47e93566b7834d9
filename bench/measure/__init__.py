"""Measuring: the timing loop and its stopping rule, intervals, the search, the conditions."""
