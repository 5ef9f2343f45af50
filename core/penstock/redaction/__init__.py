"""Finds secrets and personal data and removes them from texts before they are stored."""
