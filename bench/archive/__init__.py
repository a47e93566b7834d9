"""Many records as one table: what is asked of all of them, without reading them all again."""
