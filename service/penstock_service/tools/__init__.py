"""The agent tools over HTTP: each as a route of its own, and all of them over MCP."""
