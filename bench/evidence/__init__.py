"""What is known of chips by measurement: own records and reported values, with their weight."""
