"""Several proxy processes behind one port: `penstock up --workers`."""
