"""What the views read and change outside the event log: budgets, gateway, memory, sessions, settings, chosen columns.
Independent of Textual."""
