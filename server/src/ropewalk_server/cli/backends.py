"""Where the documents of `ropewalk docs` are: in a store, or at a server that is running. Both speak
of them as the admin API does (http/admin.py)."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import Any, Protocol

from ..ops.documents import BadDocument, Documents, NotFound, NotKept
from ..rooms.names import BadName, split_name, stored_name, tenant_prefix
from ..rooms.policy import DocumentPolicy
from ..rooms.ports import Threads
from ..rooms.renumbering import NotRenumbered
from ..stores import open_store
from ..stores.audit import AuditRow
from ..stores.contract import DocumentInfo, SavePoint, Version
from .failure import Failure
from .remote import Remote

Page = dict[str, Any]
Pages = list[Page]


class Backend(Protocol):
    """Names are those of one tenant."""

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def list(
        self, prefix: str, after: str, limit: int, *, everywhere: bool = False
    ) -> tuple[Pages, str | None]: ...
    async def inspect(self, name: str) -> Page: ...
    async def export(self, name: str, format: str) -> bytes: ...
    async def put(self, name: str, update: bytes, *, v2: bool, new: bool) -> Page: ...
    async def compact(self, name: str) -> Page: ...
    async def renumber(self, name: str) -> Page: ...
    async def verify(self, name: str) -> Page: ...
    async def savepoints(self, name: str) -> Pages: ...
    async def savepoint(self, name: str, label: str) -> Page: ...
    async def restore(self, name: str, id: int) -> Page: ...
    async def delete(self, name: str) -> None: ...
    async def audit(self, name: str, after: int, limit: int) -> Pages: ...
    async def connected(self, name: str) -> Pages: ...


def _version(version: Version) -> Page:
    return {"epoch": version.epoch, "seq": version.seq}


def _line(info: DocumentInfo) -> Page:
    tenant, name = split_name(info.doc)
    return {
        "tenant": tenant,
        "name": name,
        "version": _version(info.version),
        "snapshot": _version(info.snapshot),
        "snapshot_size": info.snapshot_size,
        "log_size": info.log_size,
        "log_entries": info.log_entries,
        "changed_at": info.changed_at,
    }


def _savepoint(one: SavePoint) -> Page:
    return {**asdict(one), "version": _version(one.version)}


def _audit(row: AuditRow) -> Page:
    page = {**asdict(row), "version": _version(row.version)}
    del page["doc"]
    return page


class InStore:
    def __init__(
        self,
        url: str,
        tenant: str,
        policy: DocumentPolicy | None = None,
        *,
        audits: bool = False,
    ) -> None:
        try:
            self.store = open_store(url)
        except ValueError as error:
            raise Failure(str(error)) from None
        self.tenant = tenant
        self._threads = Threads(1)
        self._documents = Documents(self.store, offload=self._threads, policy=policy, audits=audits)

    async def open(self) -> None:
        await self.store.open()

    async def close(self) -> None:
        await self.store.close()
        self._threads.close()

    def _stored(self, name: str) -> str:
        return stored_name(self.tenant, name)

    async def list(
        self, prefix: str, after: str, limit: int, *, everywhere: bool = False
    ) -> tuple[Pages, str | None]:
        full = "" if everywhere else tenant_prefix(self.tenant) + prefix
        found = await self._documents.list(full, after, limit)
        return [_line(info) for info in found], found[-1].doc if len(found) == limit else None

    async def inspect(self, name: str) -> Page:
        found = await self._documents.inspect(self._stored(name))
        page = {
            field: getattr(found, field)
            for field in (
                "roots",
                "clients",
                "units",
                "deleted_units",
                "missing_units",
                "savepoints",
                "snapshot",
            )
        }
        return {
            "document": _line(found.info),
            **page,
            "damaged": [asdict(d) for d in found.damaged],
        }

    async def export(self, name: str, format: str) -> bytes:
        return await self._documents.export(self._stored(name), format)

    async def put(self, name: str, update: bytes, *, v2: bool, new: bool) -> Page:
        return _version(await self._documents.put(self._stored(name), update, v2=v2, new=new))

    async def compact(self, name: str) -> Page:
        return _line(await self._documents.compact(self._stored(name)))

    async def renumber(self, name: str) -> Page:
        done = await self._documents.renumber(self._stored(name))
        if done is None:
            raise Failure(f"{name}: there is nothing in this document")
        return {"version": _version(done.version), "before": done.before, "after": done.after}

    async def verify(self, name: str) -> Page:
        verdict = await self._documents.verify(self._stored(name))
        return {
            "sound": verdict.sound,
            "entries": verdict.entries,
            "damaged": [asdict(one) for one in verdict.damaged],
            "problems": list(verdict.problems),
        }

    async def savepoints(self, name: str) -> Pages:
        return [_savepoint(one) for one in await self._documents.savepoints(self._stored(name))]

    async def savepoint(self, name: str, label: str) -> Page:
        author = _user()
        return _savepoint(
            await self._documents.savepoint(self._stored(name), label=label, author=author)
        )

    async def restore(self, name: str, id: int) -> Page:
        version, kept = await self._documents.restore(self._stored(name), id, author=_user())
        return {"version": _version(version), "kept": _savepoint(kept)}

    async def delete(self, name: str) -> None:
        await self._documents.delete(self._stored(name))

    async def audit(self, name: str, after: int, limit: int) -> Pages:
        rows = await self._documents.audit(self._stored(name), after, limit)
        return [_audit(row) for row in rows]

    async def connected(self, name: str) -> Pages:
        return [asdict(one) for one in await self._documents.connected(self._stored(name))]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return "operator"


class AtServer:
    def __init__(self, url: str, token: str | None, tenant: str | None) -> None:
        if token is None:
            raise Failure(
                "a token of an owner or the admin key is needed: --token, or ROPEWALK_TOKEN"
            )
        self._remote = Remote(url, token)
        self._tenant = tenant

    async def open(self) -> None: ...

    async def close(self) -> None:
        await self._remote.close()

    async def _ask(self, method: str, path: str, name: str | None = None, **more: Any) -> Any:
        query: Page = {k: v for k, v in more.items() if k not in ("json", "content")}
        if name is not None:
            query["name"] = name
        if self._tenant is not None:
            query["tenant"] = self._tenant
        body = {k: v for k, v in more.items() if k in ("json", "content")}
        return await self._remote.request(method, f"/api/admin/{path}", params=query, **body)

    async def list(
        self, prefix: str, after: str, limit: int, *, everywhere: bool = False
    ) -> tuple[Pages, str | None]:
        page = (
            await self._ask(
                "GET", "documents", prefix=prefix, after=after, limit=limit, everywhere=everywhere
            )
        ).json()
        return page["documents"], page["next"]

    async def inspect(self, name: str) -> Page:
        page: Page = (await self._ask("GET", "document", name)).json()
        return page

    async def export(self, name: str, format: str) -> bytes:
        content: bytes = (await self._ask("GET", "document/content", name, format=format)).content
        return content

    async def put(self, name: str, update: bytes, *, v2: bool, new: bool) -> Page:
        page: Page = (
            await self._ask(
                "PUT", "document/content", name, content=update, new=new,
                format="update-v2" if v2 else "update",
            )
        ).json()  # fmt: skip
        return page

    async def compact(self, name: str) -> Page:
        page: Page = (await self._ask("POST", "document/compact", name)).json()
        return page

    async def renumber(self, name: str) -> Page:
        page: Page = (await self._ask("POST", "document/renumber", name)).json()
        return page

    async def verify(self, name: str) -> Page:
        page: Page = (await self._ask("POST", "document/verify", name)).json()
        return page

    async def savepoints(self, name: str) -> Pages:
        pages: Pages = (await self._ask("GET", "document/savepoints", name)).json()
        return pages

    async def savepoint(self, name: str, label: str) -> Page:
        page: Page = (
            await self._ask("POST", "document/savepoints", name, json={"label": label})
        ).json()
        return page

    async def restore(self, name: str, id: int) -> Page:
        page: Page = (
            await self._ask("POST", "document/restore", name, json={"savepoint": id})
        ).json()
        return page

    async def delete(self, name: str) -> None:
        await self._ask("DELETE", "document", name)

    async def audit(self, name: str, after: int, limit: int) -> Pages:
        pages: Pages = (
            await self._ask("GET", "document/audit", name, after=after, limit=limit)
        ).json()
        return pages

    async def connected(self, name: str) -> Pages:
        pages: Pages = (await self._ask("GET", "document/connected", name)).json()
        return pages


# What a document may be refused for, before anything is done with it.
WRONG = (NotFound, NotKept, BadDocument, BadName, NotRenumbered)
