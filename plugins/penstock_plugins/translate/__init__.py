"""Translates requests of the gateway and their answers between wire formats, with any-llm."""
