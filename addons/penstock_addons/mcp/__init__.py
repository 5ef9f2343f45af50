"""The MCP server `penstock mcp`, which gives agents tools: search in the memory, the originals of shortened texts,
`doctor`."""
