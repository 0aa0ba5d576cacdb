"""Token compression."""
