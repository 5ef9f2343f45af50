"""Contexts and memory as lines of JSON, to be kept elsewhere or taken to another installation, and back in."""
