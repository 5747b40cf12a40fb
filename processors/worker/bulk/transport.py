"""What a Faust app is given to read in bulk: `app.transport = BulkTransport(urls, app)`."""

from __future__ import annotations

from typing import ClassVar

from faust.transport.drivers import aiokafka
from faust.types.transports import ConsumerT

from touchline.processors.worker.bulk.consumer import BulkConsumer


class BulkTransport(aiokafka.Transport):
    """Faust's aiokafka transport with the bulk consumer."""

    Consumer: ClassVar[type[ConsumerT]] = BulkConsumer
