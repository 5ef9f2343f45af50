"""The request log as data: events followed, folded into rows, filtered, sorted and summed up. Independent of
Textual."""
