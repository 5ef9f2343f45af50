"""The bundled profiles, one TOML file each: settings of the proxy under a name."""
