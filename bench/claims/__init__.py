"""What people say of chips against one another, and what paper and measurement say of it."""
