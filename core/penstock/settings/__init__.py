"""The settings of a profile that can change while the proxy runs: listed, parsed, checked, written to a profile."""
