"""One run as a value: what a record holds, and how it is written, read and found."""
