"""The commands `penstock context`, `jobs`, `backup` and `restore`. The first two call a running service."""
