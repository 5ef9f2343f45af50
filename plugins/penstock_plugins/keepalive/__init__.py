"""Keep-alive: the provider's cache is kept while the user is idle, where that pays."""
