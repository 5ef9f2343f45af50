"""`penstock workspaces`, `keys`, `providers`, `quotas` and `usage`: the gateway's store on the command line. They need
no running proxy; one that runs sees each change at its next request, or a second later."""
