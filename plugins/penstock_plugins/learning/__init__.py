"""The learning stage: patterns that can be checked are drawn from finished turns, counted, and offered as notes."""
