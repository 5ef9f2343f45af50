"""The team gateway's part of the proxy: addons that accept requests with keys of Penstock on one port for all
providers, count their cost, retry them, translate them to the provider's format, and replace personal data."""
