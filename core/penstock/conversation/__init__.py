"""Data classes of requests and replies, and readers of JSON that say where in the raw bytes a value is. No input or
output."""
