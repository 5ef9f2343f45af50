"""Modal dialogs: ask, choose, confirm, edit, save, read a text."""
