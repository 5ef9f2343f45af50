"""Memory on the road: what is said is kept, and what bears on a question is put beside it."""
