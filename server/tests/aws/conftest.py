from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from harness.cloud import dynamodb, new_name

from ropewalk_server.emulator.clock import DrivenClock
from ropewalk_server.emulator.emulator import Emulator
from ropewalk_server.emulator.settings import Settings


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@asynccontextmanager
async def running(*, driven=False, faults=None, **settings):
    """An emulator on the shared DynamoDB Local, with tables of its own."""
    made = replace(
        Settings(dynamodb=f"127.0.0.1:{dynamodb()}", s3="none", table=new_name()), **settings
    )
    emulator = Emulator(made, clock=DrivenClock() if driven else None)
    if faults is not None:
        emulator.faults = lambda _: faults
    try:
        await emulator.start()
        yield emulator
    finally:
        await emulator.close()


@pytest.fixture(scope="module")
async def emulator():
    async with running() as made:
        yield made


@pytest.fixture
async def driven():
    """One whose clock stands still until a test moves it."""
    async with running(driven=True) as made:
        yield made
