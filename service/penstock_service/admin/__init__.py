"""The administration of the gateway as pages for a browser, under `/admin`. They have no scripts."""
