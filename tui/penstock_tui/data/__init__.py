"""What the views read and change besides the rows of the log: budgets, gateway, memory, sessions, settings, chosen
columns, and why sessions saved little. Independent of Textual."""
