"""What the data files may hold, for editors and for people: schemas, fields, open conflicts."""
