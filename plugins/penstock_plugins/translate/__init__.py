"""Translates requests of the gateway between wire formats, with any-llm."""
