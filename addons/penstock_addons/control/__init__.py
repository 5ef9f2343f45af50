"""The server side of the control channel: HTTP commands to the running proxy, its readiness for a balancer, and its
orderly shutdown."""
