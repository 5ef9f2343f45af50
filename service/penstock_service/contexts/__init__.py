"""The calls about contexts: `/v1/contexts` and what is done to them, changes as they happen, and the paths of the
context preservation system."""
