"""The mitmproxy addons on the way of a request: which flows are read, by whom they may be sent, and their bodies."""
