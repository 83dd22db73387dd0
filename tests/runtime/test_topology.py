from __future__ import annotations

from icestream_core.naming import DEAD, EXCHANGE, INTAKE, OUTCOMES, make_queue
from icestream_runtime.broker import Message
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.topology import Topology, topology


def arguments(of: Topology, name: str) -> dict[str, str | int]:
    [queue] = [queue for queue in of.queues if queue.name == name]
    return dict(queue.arguments)


def test_a_product_has_a_queue_and_one_for_backfill() -> None:
    names = [queue.name for queue in topology(["snow-depth-china"]).queues]
    assert names == [DEAD, INTAKE, OUTCOMES, "icestream.make.snow-depth-china", "icestream.make.snow-depth-china.bulk"]
    assert names[-2:] == [make_queue("snow-depth-china"), make_queue("snow-depth-china", "reprocessing")]


def test_every_queue_is_replicated() -> None:
    assert {queue.arguments["x-queue-type"] for queue in topology(["p"]).queues} == {"quorum"}


def test_every_queue_but_the_dead_letters_sends_its_dead_there_without_loss() -> None:
    stream = topology(["p"])
    for queue in stream.queues:
        if queue.name == DEAD:
            assert "x-dead-letter-exchange" not in queue.arguments
        else:
            assert queue.arguments["x-dead-letter-exchange"] == ""
            assert queue.arguments["x-dead-letter-routing-key"] == DEAD
            assert queue.arguments["x-dead-letter-strategy"] == "at-least-once"
            assert queue.arguments["x-overflow"] == "reject-publish"
            assert queue.arguments["x-delivery-limit"] == 20


def test_what_an_operator_tunes_is_no_argument() -> None:
    tuned = {"x-max-length", "x-max-length-bytes", "x-message-ttl", "x-expires", "x-consumer-timeout"}
    for queue in topology(["p"]).queues:
        assert not tuned & queue.arguments.keys()


def test_the_intake_has_what_products_read() -> None:
    stream = topology(bindings=["granule.ssmis.nsidc-0032", "product.snow.*"])
    assert [exchange.name for exchange in stream.exchanges] == [EXCHANGE]
    broker = MemoryBroker()
    broker.apply(stream)
    keys = ["granule.ssmis.nsidc-0032", "granule.ssmis.nsidc-0071", "product.snow.snow-depth-china"]
    returned = broker.publish([Message(b"", key) for key in keys])
    assert [message.routing_key for message in returned] == ["granule.ssmis.nsidc-0071"]
    assert broker.depth(INTAKE).ready == 2


def test_a_product_that_registers_later_adds_its_queues_and_bindings() -> None:
    broker = MemoryBroker()
    broker.apply(topology(["a"], ["granule.x.#"]))
    broker.apply(topology(["b"], ["granule.y.#"]))
    broker.bind(INTAKE, ["granule.z.#"])
    assert broker.publish([Message(b"", f"granule.{sensor}.c") for sensor in "xyz"]) == []
    assert broker.depth(make_queue("b", "reprocessing")).ready == 0


def test_a_task_that_kills_its_workers_comes_to_the_dead_letters() -> None:
    broker = MemoryBroker()
    broker.apply(topology(["p"]))
    broker.publish([Message(b"task", make_queue("p"), exchange="")])
    subscription = broker.subscribe([make_queue("p")], prefetch=1)
    while (delivery := subscription.get(0)) is not None:
        subscription.reject(delivery, requeue=True)
    letter = broker.subscribe([DEAD], prefetch=1).get(0)
    assert letter is not None and letter.body == b"task"
    assert letter.headers["x-first-death-queue"] == make_queue("p")
