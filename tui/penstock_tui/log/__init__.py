"""The request log as data: events followed, folded into rows, filtered and summed up. Knows no Textual."""
