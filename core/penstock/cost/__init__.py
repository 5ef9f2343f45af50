"""What a request costs: prices, a model of the provider's prompt cache, the account of a conversation, the bill."""
