"""Strict, sourced spec sheets, and the matching of devices to them."""
