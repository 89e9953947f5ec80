"""Files in a store that speaks the protocol of S3: moto's server, reached over the network by s3fs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from crm_pipeline.errors import UserError
from crm_pipeline.project import Project
from crm_pipeline_tests.ingestion.connectors.landing_shop import land
from crm_pipeline_tests.ingestion.loading import HEADER, lines_source, staged_rows
from crm_pipeline_tests.kit import make_project

FIRST, SECOND = f"{HEADER}\na,tea,2024-01-01,1,2\n", f"{HEADER}\nb,tea,2024-01-02,1,2\n"
KEY, SECRET = "planted-key", "planted-secret"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of a server with an empty bucket `shop`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str) -> Any:
    """A client of the bucket, which is emptied."""
    client = boto3.resource(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET
    )
    found = client.create_bucket(Bucket="shop")
    found.objects.all().delete()
    return found


def s3_project(folder: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch, bucket: str = "shop") -> Project:
    monkeypatch.setenv("SHOP_KEY", KEY)
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    options = {"key": "${SHOP_KEY}", "secret": "${SHOP_SECRET}", "client_kwargs": {"endpoint_url": endpoint}}
    source = lines_source(extract={"files": {"url": f"s3://{bucket}/exports/**/*.csv", "options": options}})
    del source["path"]
    return make_project(folder, sources={"lines": source})


def orders(project: Project) -> list[str]:
    return [row["order_id"] for row in staged_rows(project)]


def test_new_and_changed_files_are_fetched_and_others_are_not(
    bucket: Any, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = s3_project(tmp_path, endpoint, monkeypatch)
    bucket.put_object(Key="exports/may/lines.csv", Body=FIRST.encode())
    bucket.put_object(Key="exports/notes.txt", Body=b"no")
    assert (land(project), land(project), orders(project)) == (1, 0, ["a"])
    bucket.put_object(Key="exports/june/lines.csv", Body=SECOND.encode())
    assert (land(project), orders(project)) == (1, ["b", "a"])
    bucket.put_object(Key="exports/may/lines.csv", Body=FIRST.replace("a,", "c,").encode())
    assert (land(project), orders(project)) == (1, ["b", "c"])
    bucket.Object("exports/june/lines.csv").delete()
    assert (land(project), orders(project)) == (0, ["b", "c"])


def test_what_goes_wrong_is_told_without_the_secrets(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError) as error:
        land(s3_project(tmp_path, endpoint, monkeypatch, bucket="nowhere"))
    assert "sources.lines" in str(error.value)
    assert KEY not in str(error.value)
    assert SECRET not in str(error.value)
