"""The sandbox: runs code that an agent passes, in bubblewrap, with no network, no files of this machine but programs
and folders that the settings name, and limits on time, memory, processes and disk. Off until `[stage.sandbox] enabled`
is set; not offered where bubblewrap cannot be used. Nothing is ever run outside it."""
