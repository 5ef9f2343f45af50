"""The tools over HTTP: each as a call of its own, and all of them over MCP."""
