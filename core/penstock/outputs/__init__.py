"""The index of tool outputs: what an edit shortens or a sandbox prints is searchable whole, by project, until it is too
old or too much (`[outputs]`)."""
