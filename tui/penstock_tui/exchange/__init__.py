"""One exchange as data: its details folded from events, its history, its differences, its whole request. Independent of
Textual."""
