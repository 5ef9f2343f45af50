"""The bundled stages, each written with the public contract alone."""
