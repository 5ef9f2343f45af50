"""`penstock workspaces`, `keys`, `providers`, `quotas` and `usage`: commands that read and change the gateway's store.
They need no running proxy; a running one sees the changes without a restart."""
