"""What the budget, memory, settings and sessions views read. Knows no Textual."""
