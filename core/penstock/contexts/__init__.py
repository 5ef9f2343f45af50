"""Named JSON values that programs and agents keep between runs and share with each other, with versions, expiry, tags
and search."""
