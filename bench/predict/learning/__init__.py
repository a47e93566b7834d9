"""Fits on measured times: the tables, the fitted parameters, and the departures of chips."""
