"""Control of a running proxy: how other programs on this machine find it, and the commands that it takes."""
