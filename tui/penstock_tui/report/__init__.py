"""The report of a session or a log: plots and tables in one HTML file that opens offline. Independent of Textual."""

from __future__ import annotations
