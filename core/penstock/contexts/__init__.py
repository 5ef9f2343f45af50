"""Named JSON values that programs and agents keep between runs and hand to each other: versions, ends, tags, search."""
