"""The application: the STAC API, the files, what the page asks, and the page; one ASGI app of all."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES

from icestream_catalogue import stac
from icestream_catalogue.api import Api
from icestream_catalogue.assets import Assets
from icestream_catalogue.bounds import Bounds
from icestream_catalogue.views import Views
from icestream_core.errors import LedgerError
from icestream_runtime.metrics import Metrics

PAGE: Final = Path(__file__).parent / "page"
COMPRESSED_FROM: Final = 1024
SENT_AS_IT_IS: Final = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    "application/netcdf",
    "application/x-hdf5",
    "application/geopackage+sqlite3",
    "image/tiff",
)
"""Files of products: most are compressed within, and who downloads one is told its length."""


def application(api: Api, assets: Assets, views: Views, metrics: Metrics) -> FastAPI:
    """Return the application."""
    app = FastAPI(
        title=stac.TITLE,
        description=stac.DESCRIPTION,
        version=stac.STAC_VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for router in (api.router(), assets.router(), views.router()):
        app.include_router(router)
    app.add_api_route(
        "/stac/api", lambda: JSONResponse(app.openapi(), media_type=stac.OPENAPI), include_in_schema=False
    )
    app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(LedgerError, _away)
    app.add_middleware(
        GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=6, exclude_content_types=SENT_AS_IT_IS
    )
    # Anybody's page may search: everything here is public, and there is nothing to log in to.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST"],
        allow_headers=["content-type"],
        max_age=86_400,
    )
    app.add_middleware(Bounds, metrics=metrics)
    return app


def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    answer = _answer(error.status_code, str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


def _not_understood(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return _answer(400, f"{'.'.join(str(word) for word in first['loc'])}: {first['msg']}")


def _away(_request: Request, error: Exception) -> JSONResponse:
    # The address of a database is nobody's business out there; the log has it.
    structlog.stdlib.get_logger("icestream.catalogue").warning("away", part="answer", reason=str(error))
    return _answer(503, "the catalogue's database is away; ask again in a while")


def _answer(status: int, description: str) -> JSONResponse:
    return JSONResponse({"code": HTTPStatus(status).phrase, "description": description}, status)
