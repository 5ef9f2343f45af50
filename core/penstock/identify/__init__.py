"""Who sends a request, what kind of request it is, and which project it belongs to."""
