"""What follows from published figures by arithmetic alone: no files, no devices."""
