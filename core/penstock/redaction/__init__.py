"""Secrets and personal data, found and taken out of texts before they are stored."""
