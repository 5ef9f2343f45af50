"""One search over contexts and memory."""
