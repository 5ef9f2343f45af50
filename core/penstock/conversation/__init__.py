"""The data of a request and of a reply, over the raw bytes. Pure."""
