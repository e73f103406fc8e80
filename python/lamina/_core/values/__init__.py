"""Plain Python values."""
