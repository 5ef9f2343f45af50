"""The calls about background jobs: `/v1/workers`."""
