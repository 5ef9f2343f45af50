"""The gateway on the wire: a port for all providers that is asked with keys of Penstock."""
