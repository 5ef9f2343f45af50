"""How many tokens a text, an image or a request has: estimated, calibrated, or counted with a vocabulary."""
