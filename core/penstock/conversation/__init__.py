"""Data classes of requests and replies, as read from their raw bytes. No input or output."""
