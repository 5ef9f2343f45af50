"""All that an installation keeps in one file, and an installation made of such a file."""
