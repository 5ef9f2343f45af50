"""The service: contexts, memory, the proxy's log and commands, jobs and the gateway's administration, over HTTP,
WebSocket and MCP. It listens on a port of its own: in its own process (`penstock serve`), or beside a proxy."""
