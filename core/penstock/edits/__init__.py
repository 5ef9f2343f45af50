"""Edits of a conversation: their data, the ledger that replays them, and writing a request with them."""
