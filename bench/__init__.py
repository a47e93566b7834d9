"""onpaper: published figures of AI chips beside what a device really does."""

__version__ = "0.1.0"
