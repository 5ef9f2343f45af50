"""The administration of the team gateway as HTML pages for a browser, under `/admin`. They have no scripts."""
