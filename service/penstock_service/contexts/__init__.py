"""The routes about contexts: `/v1/contexts` and what is done to them, changes as they happen, usage, sealing, and the
paths of the context preservation system."""
