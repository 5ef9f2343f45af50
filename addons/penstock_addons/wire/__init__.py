"""The mitmproxy addons that handle traffic: which hosts and clients are served, request and answer bodies, keep-alive
requests."""
