"""Regression gate for CI: compares a run with another run, a set of runs, or a sheet."""
