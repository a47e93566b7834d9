"""Text that all reports share: digits, marks, layout for a width, markup."""
