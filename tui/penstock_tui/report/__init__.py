"""A session as a page to hand on: plots and tables in one HTML file that opens offline. Knows no Textual."""

from __future__ import annotations
