"""The MCP server `penstock mcp`: tools with which an agent searches the memory and reads the originals of shortened
texts."""
