"""Keep-alive: the provider's cache is kept while nobody speaks, where that pays."""
