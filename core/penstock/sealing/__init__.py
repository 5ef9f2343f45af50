"""Encryption of what must not be readable on disk: values under data keys, data keys under a master key."""
