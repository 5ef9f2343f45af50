"""A Kafka cluster that speaks the protocol over TCP and keeps what it gets in memory: the one that librdkafka brings
along. `python -m tests.kafka_mock TOPIC PARTITIONS` runs it in a process of its own: it prints where it listens, and
takes `down` and `up` on stdin. A partition keeps some 5 MB."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import confluent_kafka

BROKERS = 1


def _library() -> ctypes.CDLL:
    """The library in the wheel of the client."""
    (file,) = (Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs").glob("librdkafka-*.so*")
    library = ctypes.CDLL(str(file))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return library


def main(topic: str, partitions: int) -> None:
    """Runs until stdin ends."""
    kafka = _library()
    why = ctypes.create_string_buffer(512)
    client = kafka.rd_kafka_new(0, ctypes.c_void_p(kafka.rd_kafka_conf_new()), why, 512)
    assert client, why.value
    cluster = ctypes.c_void_p(kafka.rd_kafka_mock_cluster_new(ctypes.c_void_p(client), BROKERS))
    _check(kafka.rd_kafka_mock_topic_create(cluster, topic.encode(), partitions, 1))
    print(kafka.rd_kafka_mock_cluster_bootstraps(cluster).decode(), "ready", flush=True)
    for line in sys.stdin:
        change = {"down": kafka.rd_kafka_mock_broker_set_down, "up": kafka.rd_kafka_mock_broker_set_up}[line.strip()]
        for number in range(1, BROKERS + 1):
            _check(change(cluster, ctypes.c_int32(number)))
        print("done", flush=True)


def _check(error: int) -> None:
    assert not error, f"librdkafka answered {error}"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
