"""The engine: processes a request from the received bytes to the forwarded ones, and handles the answer."""
