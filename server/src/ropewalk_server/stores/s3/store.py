"""The contract on S3 alone. Others' writes are found by asking: often for a document that changes,
every two seconds for one that does not."""

from __future__ import annotations

from ropewalk_server.stores.aws.credentials import Credentials
from ropewalk_server.stores.chain.asking import Asking
from ropewalk_server.stores.chain.store import ChainStore, News
from ropewalk_server.stores.s3.blobs import S3Blobs
from ropewalk_server.stores.s3.objects import Objects, Place
from ropewalk_server.stores.s3.table import S3Table


class S3Store(ChainStore):
    def __init__(self, place: Place) -> None:
        self._objects = Objects(place, Credentials())
        super().__init__(S3Table(self._objects), S3Blobs(self._objects))

    @classmethod
    def from_url(cls, rest: str) -> S3Store:
        """From what stands behind `s3:` in a URL."""
        return cls(Place.from_url(rest))

    async def create(self) -> list[str]:
        """Makes the bucket, if it is not there; what was made."""
        made = await self._objects.create_bucket()
        await self._objects.close()
        return [f"bucket {self._objects.place.bucket}"] if made else []

    def _open_news(self) -> News:
        return Asking(self.look, self._watchers.documents, quickest=0.25, slowest=2.0)
