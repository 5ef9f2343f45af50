"""The service: contexts over HTTP, WebSocket and server-sent events, on a listener of its own (`penstock serve`)."""
