"""The screen (`penstock tui`), in a terminal or a browser, which shows the event log of a proxy that runs or has run;
and the report (`penstock report`), a log as an HTML page."""
