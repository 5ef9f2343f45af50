"""The team gateway's part of the proxy: addons that accept requests with keys of Penstock on one port for all
providers, count their cost, retry them and replace personal data."""
