from collections.abc import AsyncIterator

import pytest

from .running import Running, begin_anew, running


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def one_for_all() -> AsyncIterator[Running]:
    async with running() as made:
        yield made


@pytest.fixture
async def server(one_for_all: Running) -> Running:
    """A server in which nothing has happened yet: to start one takes longer than most tests."""
    await begin_anew(one_for_all.service)
    return one_for_all
