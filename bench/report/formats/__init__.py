"""One file a format, all from the same rows; no format computes anything."""
