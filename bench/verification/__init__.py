"""What a test laboratory hands over: a report of one device, a sample plan, a fleet."""
