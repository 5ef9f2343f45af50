"""What all routes have in common: who may call, headers, errors, idempotency, server-sent events, logging."""
