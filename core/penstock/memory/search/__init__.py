"""Search in memory: the word and vector candidates of a query, their ranking features, and the score."""
