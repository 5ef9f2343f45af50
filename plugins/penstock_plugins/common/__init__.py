"""What several bundled stages share: tool calls, shell commands, line numbers, settings, the hint that names an
original."""
