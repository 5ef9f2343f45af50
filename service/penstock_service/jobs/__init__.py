"""The routes about background jobs (`/v1/workers`), and the threads that run them."""
