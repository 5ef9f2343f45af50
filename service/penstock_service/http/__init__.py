"""What every call has in common: who may call, what its headers say, how errors are answered."""
