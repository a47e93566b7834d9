"""The static site: pages of everything here, offline, without a server."""
