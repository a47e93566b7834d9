"""Plots: each a finding with its data, drawn by matplotlib, themed for light, dark and the page."""
