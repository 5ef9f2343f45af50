"""The server side of the control channel: HTTP commands to the running proxy, and its orderly shutdown."""
