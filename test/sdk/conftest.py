"""The official Python SDK against a running server. scripts/sdk-test starts the server and sets the environment:
SLUICE_URL, SLUICE_KEY, SLUICE_OTHER_KEY (a key of another workspace) and SLUICE_FOLDER (open to the local connector)."""

import os
import time
import uuid
from pathlib import Path

import pytest
from unstructured_client import UnstructuredClient
from unstructured_client.models import operations, shared
from unstructured_client.utils import BackoffStrategy, RetryConfig

URL = os.environ["SLUICE_URL"]
KEY = os.environ["SLUICE_KEY"]
OTHER_KEY = os.environ["SLUICE_OTHER_KEY"]
FOLDER = Path(os.environ["SLUICE_FOLDER"])
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
PARTITION_NODE = "93fc2ce8-e7c8-424f-a6aa-41460fc5d35d"


def connect(url=URL, key=KEY):
    retry = RetryConfig("backoff", BackoffStrategy(200, 1000, 1.5, 5_000), True)
    return UnstructuredClient(api_key_auth=key, server_url=url, retry_config=retry)


@pytest.fixture(params=["", "/", "/api/v1"], ids=["bare", "slash", "api-v1"], scope="session")
def client(request):
    """A client for each form in which people write the base URL."""
    return connect(URL + request.param)


@pytest.fixture(scope="session")
def one_client():
    return connect()


@pytest.fixture(scope="session")
def other_client():
    return connect(key=OTHER_KEY)


@pytest.fixture
def name():
    return "sdk-" + uuid.uuid4().hex[:12]


def partition_node(strategy="fast", **settings):
    return {
        "id": PARTITION_NODE,
        "name": "Partitioner",
        "type": "partition",
        "subtype": "unstructured_api",
        "settings": {"strategy": strategy, **settings},
    }


def chunk_node(subtype="chunk_by_title", **settings):
    return {"name": "Chunker", "type": "chunk", "subtype": subtype, "settings": settings}


def upload(path, file_name=None, content_type=None):
    return shared.InputFiles(
        content=path.read_bytes(), file_name=file_name or path.name, content_type=content_type
    )


def create_job(client, request_data, files=()):
    body = shared.BodyCreateJob(request_data=request_data, input_files=list(files) or None)
    answer = client.jobs.create_job(request=operations.CreateJobRequest(body_create_job=body))
    assert answer.status_code == 200
    assert answer.job_information.status in ("SCHEDULED", "IN_PROGRESS")
    return answer.job_information


def finish(client, job_id, seconds=60):
    """Polls as the documentation's samples do, and returns the ended job."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = client.jobs.get_job(request=operations.GetJobRequest(job_id=str(job_id))).job_information
        if job.status not in ("SCHEDULED", "IN_PROGRESS"):
            return job
        time.sleep(0.05)
    raise AssertionError(f"job {job_id} has not ended after {seconds} s")


def download(client, job_id, file_id, node_id=None):
    request = operations.DownloadJobOutputRequest(job_id=str(job_id), file_id=file_id, node_id=node_id)
    answer = client.jobs.download_job_output(request=request)
    assert answer.status_code == 200
    return answer.any
