"""How far predictions are off that never saw what they are held against."""
