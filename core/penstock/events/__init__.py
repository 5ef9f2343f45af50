"""The event log: its entries, the class of each kind of event, and the thread that shows them to plugins."""
