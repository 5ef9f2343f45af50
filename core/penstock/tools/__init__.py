"""The tools: what agents call over MCP, programs over HTTP and people with `penstock tool`, each written once."""
