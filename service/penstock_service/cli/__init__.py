"""The commands `penstock context` and `jobs`, which call a running service, and `backup`, `restore` and `relay`, which
work on the files themselves."""
