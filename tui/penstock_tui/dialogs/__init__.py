"""Modal dialogs over a screen: ask for a line, choose, choose columns, confirm, edit, save, read a text."""
