"""Plots drawn by matplotlib: each states one finding, carries its data, and can be themed."""
