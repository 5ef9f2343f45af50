"""The memory stage: tags and stores what is said, and adds what it recalls to new questions."""
