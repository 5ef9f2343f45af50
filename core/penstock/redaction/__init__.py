"""Finds secrets and personal data in texts, and removes them before the texts are stored, or replaces them before the
gateway sends them."""
