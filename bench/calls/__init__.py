"""Times a call of the user's own and compares it with the chip's sheet: ``bench.benchmark``.

The pytest fixture ``onpaper`` does the same within a test.
"""
