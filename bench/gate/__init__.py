"""Whether one run is slower than another, than many, or than its sheet: for CI."""
