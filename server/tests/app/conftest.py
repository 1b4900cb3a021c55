import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from .running import Running, begin_anew, running


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
async def one_for_all() -> AsyncIterator[Running]:
    async with running() as made:
        yield made


@pytest.fixture
async def server(one_for_all: Running) -> Running:
    """A server in which nothing has happened yet: to start one takes longer than most tests."""
    await begin_anew(one_for_all.service)
    return one_for_all
