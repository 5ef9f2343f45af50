"""What several bundled stages share: tool calls, shell commands, line numbers, settings, a cache, the hint that names
an original."""
