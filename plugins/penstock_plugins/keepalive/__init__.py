"""The keep-alive stage: decides when a request is repeated while the user is idle, to keep the provider's cache."""
