"""The MCP server `penstock mcp`, which gives agents tools, by default for the originals of shortened texts and for the
memory; and the agent tool `doctor`."""
