"""A file of prompts, sent through the whole pipeline one by one."""

from __future__ import annotations
