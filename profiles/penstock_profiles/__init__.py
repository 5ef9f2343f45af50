"""Bundled profiles, one TOML file each."""
