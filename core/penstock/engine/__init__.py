"""The engine: one request from its bytes to the bytes that leave, and the answer on its way back."""
