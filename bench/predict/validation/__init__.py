"""Errors of predictions on hold-out data."""
