"""The routes about the service's own state, its metrics for Prometheus, and the export of OpenTelemetry spans."""
