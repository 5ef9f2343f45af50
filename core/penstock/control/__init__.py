"""How other programs on this machine find the proxy that is up, and tell it what to do."""
