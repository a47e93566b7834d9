"""The static website: pages for everything in this repository, usable offline."""
