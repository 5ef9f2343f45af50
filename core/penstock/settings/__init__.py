"""What of a profile may change while the proxy runs, shown, checked and applied."""
