"""Summaries of many records, cached so that unchanged files are not read again."""
