"""What a turn is about: taggers, and the vocabulary they share."""
