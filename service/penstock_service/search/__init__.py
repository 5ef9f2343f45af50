"""The route that searches contexts and memory at once."""
