"""The routes for export and import of contexts and memory."""
