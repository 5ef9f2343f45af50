"""The MCP server, with which an agent searches its memory and what was shortened."""
