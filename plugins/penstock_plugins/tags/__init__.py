"""Tags: words that say what a request or turn is about. Taggers give them, a vocabulary holds those of a project."""
