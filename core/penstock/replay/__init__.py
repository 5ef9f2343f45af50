"""Replay: send a file of prompts through the pipeline, offline or to a provider (`prompts`, `prompt_replay`,
`offline_run`, `live_run`), and evaluate profiles and settings on recorded requests or on a log (`recording`, `whatif`,
`retention`, `keep_alive_estimate`, `savings_advice`)."""

from __future__ import annotations
