"""The bundled plugins: stages, taggers, summarisers, a compressor, a source of recall, translators, and agent tools
that run code in a sandbox. Of Penstock they import only its public API, `penstock.memory` and `penstock.text`."""
