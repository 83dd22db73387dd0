"""The files of items: served from the store by the names that an item lists, never by a path that somebody sends."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import IO, Final
from urllib.parse import quote

import structlog
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, Response, StreamingResponse

from icestream_catalogue.ranges import Unsatisfiable, wanted
from icestream_catalogue.stac import file_name, version_of
from icestream_catalogue.store import Store
from icestream_core.errors import StorageError
from icestream_runtime.storage import Storage

FOREVER: Final = "public, max-age=31536000, immutable"
"""A published directory never changes, and its hash is part of the address."""
PIECE: Final = 2**20
PICTURES: Final = ("image/png", "image/jpeg", "image/webp")
"""What a browser may show here; everything else is for saving, so that no file runs as a page of ours."""
LOCKED: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"


class Assets:
    """Serves files below the output root."""

    def __init__(self, store: Store, storage: Storage) -> None:
        self._store, self._storage = store, storage

    def router(self) -> APIRouter:
        routes = APIRouter(tags=["files"])
        path = "/assets/{item_id}/{version}/{name}"
        routes.add_api_route(path, self.file, methods=["GET"], response_class=FileResponse, summary="A file")
        routes.add_api_route(path, self.file, methods=["HEAD"], include_in_schema=False)
        return routes

    def file(self, request: Request, item_id: str, version: str, name: str) -> Response:
        """Answer with a file of an item's current revision, or a part of it (Range)."""
        found = self._store.item(item_id)
        if found is None:
            raise HTTPException(404, f"there is no item {item_id}")
        if version != version_of(found):
            raise HTTPException(404, f"{item_id} has another revision now; ask for the item again")
        asset = next((each for each in found.body["assets"].values() if file_name(each) == name), None)
        if asset is None:
            raise HTTPException(404, f"{item_id} has no file {name}")
        media_type = str(asset.get("type") or "application/octet-stream")
        etag = f'"{hashlib.sha256(str(asset.get("file:checksum") or version).encode()).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": FOREVER, "Content-Security-Policy": LOCKED}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        shown = "inline" if media_type in PICTURES else "attachment"
        try:
            path = self._storage.local(f"{found.directory}/{name}")
            here = path is not None and path.is_file()
        except (StorageError, OSError, ValueError):
            # Why is told in the log of whoever reads the store; a visitor learns nothing of paths.
            raise HTTPException(404, f"{name} cannot be served") from None
        if path is None:
            disposition = f"{shown}; filename*=UTF-8''{quote(name)}"
            return self._streamed(
                request, f"{found.directory}/{name}", media_type, headers | {"Content-Disposition": disposition}
            )
        if here:
            return FileResponse(
                path, media_type=media_type, headers=headers, filename=name, content_disposition_type=shown
            )
        raise HTTPException(404, f"{name} is not in the store any more")

    def _streamed(self, request: Request, path: str, media_type: str, headers: dict[str, str]) -> Response:
        """Answer with a file of a bucket, or a part of it, passed on piece by piece."""
        try:
            file = self._storage.open(path)
            size = file.seek(0, os.SEEK_END)
        except FileNotFoundError:
            raise HTTPException(404, f"{path.rpartition('/')[2]} is not in the store any more") from None
        except (StorageError, OSError) as error:
            # Not 404: who copies what is here would take it for gone.
            structlog.stdlib.get_logger("icestream.catalogue").warning("away", part="files", reason=str(error))
            raise HTTPException(503, "the storage is away; ask again in a while") from None
        try:
            asked = request.headers.get("range", "")
            if request.headers.get("if-range", headers["ETag"]) != headers["ETag"]:
                # Begun with another content than this one.
                asked = ""
            part = wanted(asked, size)
        except Unsatisfiable:
            file.close()
            raise HTTPException(416, "the file ends before", headers={"Content-Range": f"bytes */{size}"}) from None
        sent = part or range(size)
        headers = headers | {"Accept-Ranges": "bytes", "Content-Length": str(len(sent))}
        if part:
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
        status = 206 if part else 200
        if request.method == "HEAD":
            file.close()
            return Response(status_code=status, media_type=media_type, headers=headers)
        return StreamingResponse(_pieces(file, sent), status, headers, media_type)


def _pieces(file: IO[bytes], sent: range) -> Iterator[bytes]:
    with file:
        file.seek(sent.start)
        left = len(sent)
        while left and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece
