"""The mitmproxy addons that handle traffic, and what they share: options, which hosts and clients are served, model
requests and their answers, keep-alive requests."""
