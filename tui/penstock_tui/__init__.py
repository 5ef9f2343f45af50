"""The screen: `penstock tui` shows the event log of a proxy that runs, or of one that ran."""
