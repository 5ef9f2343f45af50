"""Publishes the events of a proxy's log to a message broker, as CloudEvents: the messages, the relay that publishes
them, and a publisher for each kind of broker."""
