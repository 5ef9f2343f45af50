"""Searching the memory: the question, the candidates, the features they are ranked by."""
