"""The memory stage: stores what is said, and adds what it recalls to new questions."""
