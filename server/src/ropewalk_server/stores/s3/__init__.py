"""Documents in S3, or snapshots alone.

store.py     S3Store: all of it in a bucket, for documents that few edit at a time
objects.py   S3's protocol: objects of one bucket behind one prefix
table.py     the rows of a chain as objects
blobs.py     snapshots and other large things as objects, read by ranges
"""

from __future__ import annotations

from ropewalk_server.stores.aws.credentials import Credentials
from ropewalk_server.stores.s3.blobs import S3Blobs
from ropewalk_server.stores.s3.objects import Objects, Place
from ropewalk_server.stores.s3.store import S3Store

__all__ = ["S3Store", "blobs_of_url", "create_bucket"]


def blobs_of_url(url: str, region: str = "") -> S3Blobs:
    """For a store that keeps its log elsewhere."""
    return S3Blobs(Objects(Place.from_url(url, region), Credentials()))


async def create_bucket(url: str, region: str = "") -> list[str]:
    """What was made."""
    objects = Objects(Place.from_url(url, region), Credentials())
    try:
        return [f"bucket {objects.place.bucket}"] if await objects.create_bucket() else []
    finally:
        await objects.close()
