"""The pages of a REST service, one after the other, in the ways that services have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.connectors.http import Service
from crm_pipeline.ingestion.connectors.settings import LinkHeader, NextCursor, NextUrl, Offset, PageNumber
from crm_pipeline.ingestion.connectors.texts import at_path

Params = dict[str, Any]


def pages(service: Service, params: Mapping[str, Any]) -> Iterator[list[Any]]:
    """The records of each page. UserError for an answer without records, and for pages that never end."""
    paging = service.settings.paging
    if paging is None:
        yield _records(service, service.get(params)[0])
    elif isinstance(paging, (PageNumber, Offset)):
        yield from _counted(service, dict(params), paging)
    else:
        yield from _linked(service, dict(params), paging)


def _records(service: Service, body: Any) -> list[Any]:
    path = service.settings.records
    found = body if path is None else at_path(body, path)
    if isinstance(found, list):
        return found
    if isinstance(found, Mapping) and path is not None:
        return [found]
    has = ", ".join(sorted(map(str, body)))[:200] if isinstance(body, Mapping) else "no fields"
    wanted = f"at {path!r}" if path is not None else "in the answer itself; say where they are with `records`"
    raise UserError(f"{service.where}: there is no list of records {wanted} (the answer has {has})")


def _counted(service: Service, params: Params, paging: PageNumber | Offset) -> Iterator[list[Any]]:
    """By number or offset, until a page is empty: a short page proves nothing, for services cap the size of pages."""
    position = paging.start if isinstance(paging, PageNumber) else 0
    before: bytes | None = None
    while True:
        sized = {paging.size_param: paging.size} if paging.size is not None else {}
        body, answer = service.get({**params, **sized, paging.param: position})
        records = _records(service, body)
        if not records:
            return
        digest = sha256(answer.content).digest()
        if digest == before:
            raise UserError(
                f"{service.where}: the service gives the same page again and again; check `paging` "
                f"(it was asked for {paging.param}={position})"
            )
        yield records
        before = digest
        position += 1 if isinstance(paging, PageNumber) else len(records)
        if isinstance(paging, PageNumber) and paging.total_pages is not None:
            total = at_path(body, paging.total_pages)
            if total is None or not str(total).isdigit():
                raise UserError(f"{service.where}: there is no number of pages at {paging.total_pages!r}")
            if position - paging.start >= int(str(total)):
                return


def _linked(service: Service, params: Params, paging: NextCursor | LinkHeader | NextUrl) -> Iterator[list[Any]]:
    """By what each page says about the next one, until it says nothing."""
    if paging.size is not None:
        params |= {paging.size_param: paging.size}
    seen: set[str] = set()
    url: str | None = None
    asked = params
    following: Any
    while True:
        body, answer = service.get(asked, url)
        yield _records(service, body)
        if isinstance(paging, LinkHeader):
            following = answer.links.get("next", {}).get("url")
        else:
            following = at_path(body, paging.field)
        if following is None or following == "" or following is False:
            return
        following = str(following)
        if following in seen:
            raise UserError(f"{service.where}: the pages lead back to one that was read; check `paging`")
        seen.add(following)
        if isinstance(paging, NextCursor):
            asked = {**params, paging.param: following}
        else:
            url = following
