"""Edits of a conversation: what they are, the ledger that replays them, and how a request is written with them."""
