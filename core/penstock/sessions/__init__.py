"""Sessions as a person knows them: what they are called, how large they are, and how one is deleted."""
