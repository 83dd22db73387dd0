"""The STAC API: held to its conformance classes by stac-api-validator, and used as users do, by pystac-client."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pystac
import pystac_client
import pytest

from catalogue.world import FIRST, World, day_of, get
from icestream_catalogue.request import LARGEST_PAGE
from icestream_catalogue.stac import CONFORMANCE

DEPTH = "snow-depth-china"
SQUARE = {"type": "Polygon", "coordinates": [[[70, 20], [110, 20], [110, 50], [70, 50], [70, 20]]]}


def ask(
    url: str, *, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, method=method, data=body, headers=given)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()


def post(url: str, body: Any) -> tuple[int, Any]:
    status, _, answer = ask(url, method="POST", body=json.dumps(body).encode(), content_type="application/json")
    return status, json.loads(answer)


def test_the_api_passes_the_validator_for_every_class_that_it_claims(address: str) -> None:
    claimed = {re.sub(r".*/", "", each) for each in CONFORMANCE if "stacspec" in each}
    assert claimed == {"core", "collections", "ogcapi-features", "item-search"}
    classes = ("core", "collections", "features", "item-search")
    done = subprocess.run(
        [
            sys.executable, str(Path(__file__).parent / "validate_api.py"), "--root-url", f"{address}/stac",
            *(word for name in classes for word in ("--conformance", name)),
            "--collection", DEPTH, "--geometry", json.dumps(SQUARE),
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert "Errors: none" in said, said[said.find("Errors:") :][:4000]
    assert done.returncode == 0


def test_pystac_client_finds_by_time_by_area_and_by_product(address: str) -> None:
    client = pystac_client.Client.open(f"{address}/stac")
    assert {each.id for each in client.get_collections()} == {"cold-pass-tb", DEPTH}

    def found(**search: Any) -> list[str]:
        return [item.id for item in client.search(**search).items()]

    days = [day_of(DEPTH, number).key for number in range(5)]
    assert found(collections=[DEPTH]) == days[::-1]
    assert found(collections=[DEPTH], datetime="2014-02-03/2014-02-04") == [days[3], days[2]]
    assert found(collections=[DEPTH], datetime="2014-02-03T12:00:00Z") == [days[2]]
    assert len(found(bbox=[100, 30, 101, 31])) == 10
    assert found(bbox=[100, 70, 101, 71], datetime="2014-02-01") == ["cold-pass-tb.20140201.nl.cold"]
    assert found(bbox=[0, -60, 10, -50]) == []
    assert found(intersects=SQUARE, collections=[DEPTH], max_items=2) == [days[4], days[3]]
    assert found(ids=[days[0], "nothing"]) == [days[0]]
    assert client.search(collections=[DEPTH]).matched() == 5
    for method in ("GET", "POST"):
        paged = client.search(method=method, limit=3, bbox=[-180, -90, 180, 90])
        assert [len(page) for page in paged.pages()] == [3, 3, 3, 1]


def test_items_and_collections_validate(address: str) -> None:
    client = pystac_client.Client.open(f"{address}/stac")
    for collection in client.get_collections():
        pystac.validation.validate_dict(collection.to_dict(transform_hrefs=False), extensions=[])
    items = list(client.search(max_items=20).items())
    assert len(items) == 10
    for item in items:
        pystac.validation.validate_dict(item.to_dict(transform_hrefs=False), extensions=[])


def test_an_item_says_what_became_of_it_and_where_its_files_are(address: str, world: World) -> None:
    slot = day_of(DEPTH, 2)
    item = get(f"{address}/stac/collections/{DEPTH}/items/{slot.key}")
    assert item["properties"]["icestream:revision"] == 1
    assert item["properties"]["icestream:stage"] == "final"
    links = {link["rel"]: link["href"] for link in item["links"]}
    assert links["self"].endswith(f"/items/{slot.key}")
    assert sum(link["rel"] == "derived_from" for link in item["links"]) == 3
    status, headers, body = ask(item["assets"]["data"]["href"])
    assert (status, body) == (200, f"{slot.key} ".encode())
    assert headers["content-disposition"].startswith("attachment")
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "sandbox" in headers["content-security-policy"]
    again, _, nothing = ask(item["assets"]["data"]["href"], if_none_match=headers["etag"])
    assert (again, nothing) == (304, b"")
    part, ranged, some = ask(item["assets"]["data"]["href"], range="bytes=0-3")
    assert (part, some, ranged["content-range"]) == (206, b"snow", f"bytes 0-3/{len(body)}")
    status, picture, _ = ask(item["assets"]["quicklook"]["href"])
    assert (status, picture["content-type"]) == (200, "image/png")
    assert picture["content-disposition"].startswith("inline")


def test_who_asks_for_the_head_alone_is_told_that_it_is_there(address: str) -> None:
    for path in ("/stac", f"/stac/collections/{DEPTH}/items/{day_of(DEPTH, 2).key}"):
        status, headers, body = ask(address + path, method="HEAD")
        assert (status, headers["content-length"] > "0", body) == (200, True, b"")
    assert ask(f"{address}/stac/collections/nothing", method="HEAD")[0] == 404


def test_an_item_that_did_not_change_is_not_sent_again(address: str) -> None:
    url = f"{address}/stac/collections/{DEPTH}/items/{day_of(DEPTH, 2).key}"
    _, headers, _ = ask(url)
    status, _, body = ask(url, if_none_match=headers["etag"])
    assert (status, body) == (304, b"")


def test_what_is_void_says_why(address: str) -> None:
    status, _, body = ask(f"{address}/stac/collections/{DEPTH}/items/{day_of(DEPTH, 7).key}")
    assert status == 404
    assert "void: polar night" in json.loads(body)["description"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("bbox=1,2,3", "4 or 6"),
        ("bbox=a,b,c,d", "bbox"),
        ("bbox=nan,0,1,1", "bbox"),
        ("bbox=0,40,10,30", "bbox"),
        ("datetime=yesterday", "datetime"),
        ("datetime=2014-02-02T00:00:00Z/2014-02-01T00:00:00Z", "datetime"),
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("token=nonsense", "token"),
        ("token=WyIyMDE0IiwgM10", "token"),
        # The first hour of the first year, east of Greenwich; half a character.
        ("token=WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwgImEiXQ", "token"),
        ("token=WyIyMDE0LTAyLTAxVDAwOjAwOjAwKzAwOjAwIiwgIlx1ZDgwMCJd", "token"),
        ("datetime=0001-01-01T00:00:00+14:00/..", "datetime"),
        ("bbox=190,0,10,1", "bbox"),
        ('intersects={"type":"MultiPolygon","coordinates":[]}', "no corner"),
        ('intersects={"type":"LineString","coordinates":[[170,60],[190,70]]}', "antimeridian"),
        ("intersects=no", "intersects"),
        ('intersects={"type":"Polygon","coordinates":[[[0,0]]]}', "intersects"),
        ("ids=" + ",".join(map(str, range(501))), "ids"),
        (f"ids={'a' * 201}", "ids"),
        ("bbox=0,0,1,1&intersects=" + '{"type":"Point","coordinates":[0,0]}', "mutually exclusive"),
    ],
)
def test_a_search_that_cannot_be_understood_is_told_what_is_wrong(address: str, query: str, says: str) -> None:
    url = f"{address}/stac/search?{urllib.request.quote(query, safe='=&,')}"
    status, _, body = ask(url)
    assert status == 400, body
    assert says in json.loads(body)["description"].lower()


@pytest.mark.parametrize(
    "body",
    [
        [], "text", {"limit": "many"}, {"bbox": [1]}, {"intersects": {"type": "Cube"}}, {"ids": 3},
        {"bbox": [10**400, 0, 10, 10]}, {"mine": float("nan")}, {"mine": "\ud800"},
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_understood_is_told_what_is_wrong(address: str, body: Any) -> None:
    status, answer = post(f"{address}/stac/search", body)
    assert status == 400
    assert answer["description"]


def test_more_than_the_largest_page_is_answered_by_the_largest_page(address: str) -> None:
    assert get(f"{address}/stac/search?limit=10000")["numberReturned"] == 10
    assert LARGEST_PAGE == 500


@pytest.mark.parametrize(
    "path",
    [
        "/assets/{id}/{version}/../../../../ledger.sqlite",
        "/assets/{id}/{version}/..%2f..%2f..%2f..%2f..%2fledger.sqlite",
        "/assets/{id}/../../ledger.sqlite",
        "/assets/{id}/{version}/manifest.json",
        "/assets/{id}/{version}/%2fetc%2fpasswd",
        "/assets/{id}/{version}/%00",
        "/../store.py",
        "/..%2f..%2fstore.py",
        "/%2e%2e/store.py",
    ],
)
def test_no_path_leads_out(address: str, path: str) -> None:
    item = get(f"{address}/stac/collections/{DEPTH}/items/{day_of(DEPTH, 2).key}")
    version = item["assets"]["data"]["href"].split("/")[-2]
    host = address.removeprefix("http://")
    import http.client

    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("GET", path.format(id=item["id"], version=version))
    answer = connection.getresponse()
    assert answer.status == 404, answer.read()[:200]
    connection.close()


def test_every_answer_carries_the_headers_that_keep_others_out(address: str) -> None:
    for path in ("/", "/stac", "/api/overview", "/nothing"):
        _, headers, _ = ask(address + path)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_too_much_is_refused(address: str) -> None:
    # Told, not sent: who answers before the body has come may close while it is still on its way.
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)
    connection.putrequest("POST", "/stac/search")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "2000000")
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    status, _, _ = ask(f"{address}/stac/search?ids={'a' * 90_000}")
    assert status in (400, 414)
    deep = b'{"intersects":' * 5000 + b"1" + b"}" * 5000
    status, _, _ = ask(f"{address}/stac/search", method="POST", body=deep, content_type="application/json")
    assert status == 400


def test_links_begin_with_the_public_address_where_one_is_set(tmp_path: Path) -> None:
    from icestream_catalogue.stac import Addresses, landing

    links = landing(Addresses("https://ice.example.org/data"), [DEPTH])["links"]
    assert {link["href"].startswith("https://ice.example.org/data") for link in links} == {True}
    assert f"{FIRST:%Y}" == "2014"


def test_what_is_measured_has_routes_for_labels_and_no_ids(address: str, world: World) -> None:
    get(f"{address}/stac/collections/{DEPTH}/items/{day_of(DEPTH, 1).key}")
    routes = {
        sample.labels["route"]
        for metric in world.metrics.registry.collect()
        if metric.name == "icestream_request_seconds"
        for sample in metric.samples
    }
    assert "/stac/collections/{collection_id}/items/{item_id}" in routes
    assert not any("2014" in route for route in routes)
