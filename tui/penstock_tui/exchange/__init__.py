"""One exchange as data: its events folded, its history, its difference. Knows no Textual."""
