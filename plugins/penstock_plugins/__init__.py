"""The bundled stages, taggers, summarisers and compressors, each written with the public plugin contract alone."""
