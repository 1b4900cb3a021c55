import logging
from collections.abc import Iterator

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def server_logs() -> Iterator[None]:
    """What the server logs is heard here, whatever other tests have silenced."""
    logger = logging.getLogger("ropewalk_server")
    level = logger.level
    logger.setLevel(logging.NOTSET)
    yield
    logger.setLevel(level)
