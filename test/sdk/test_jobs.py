import json
import time

import pytest
from conftest import PARTITION_NODE, SAMPLES, chunk_node, create_job, download, finish, partition_node, upload
from unstructured_client.models import operations, shared
from unstructured_client.models.errors import HTTPValidationError, SDKError

FILES = sorted(p for p in SAMPLES.iterdir() if p.suffix in {".txt", ".md", ".html", ".csv", ".json", ".docx", ".pdf"})


def test_on_demand_job_over_every_format(client):
    assert len(FILES) >= 7
    nodes = [partition_node("auto"), chunk_node(max_characters=400, include_orig_elements=True)]
    job = create_job(client, json.dumps({"job_nodes": nodes}), [upload(p) for p in FILES])
    assert len(job.input_file_ids) == len(FILES)
    assert len(job.output_node_files) == 2 * len(FILES)
    for file_id, path in zip(job.input_file_ids, FILES):
        assert file_id.startswith(path.stem + "-") and file_id.endswith(path.suffix)

    done = finish(client, job.id)
    assert done.status == "COMPLETED"
    assert done.runtime.startswith("PT")
    assert done.input_file_ids == job.input_file_ids
    for file_id, path in zip(job.input_file_ids, FILES):
        elements = download(client, job.id, file_id, PARTITION_NODE)
        assert elements, path.name
        assert all(e["metadata"]["filename"] == file_id for e in elements)
        chunks = download(client, job.id, file_id)
        kinds = {e["type"] for e in chunks}
        assert kinds <= {"CompositeElement", "Table", "TableChunk"}
        assert all(len(e["text"]) <= 400 for e in chunks)

    details = client.jobs.get_job_details(request=operations.GetJobDetailsRequest(job_id=str(job.id))).job_details
    assert details.processing_status == "SUCCESS"
    for row in details.node_stats:
        assert (row.ready, row.in_progress, row.success, row.failure) == (0, 0, len(FILES), 0)
    failed = client.jobs.get_job_failed_files(request=operations.GetJobFailedFilesRequest(job_id=str(job.id)))
    assert failed.job_failed_files.failed_files == []


def test_template_job(one_client):
    job = create_job(one_client, json.dumps({"template_id": "hi_res_partition"}), [upload(SAMPLES / FILES[-2].name)])
    assert job.job_type == "template"
    assert finish(one_client, job.id).status == "COMPLETED"


@pytest.mark.parametrize("data", [{"template_id": "hi_res_partition"}, {"job_nodes": [partition_node()]}])
def test_job_without_files_is_complete_and_empty(one_client, data):
    job = create_job(one_client, json.dumps(data))
    done = finish(one_client, job.id)
    assert done.status == "COMPLETED"
    assert done.input_file_ids == [] and done.output_node_files == []


def test_a_bad_file_fails_alone_by_name(one_client):
    bad = shared.InputFiles(content=b"%PDF-1.7\nthis is no PDF", file_name="broken.pdf")
    good = upload(FILES[0])
    job = create_job(one_client, json.dumps({"job_nodes": [partition_node()]}), [bad, good])
    done = finish(one_client, job.id)
    assert done.status == "FAILED"  # half of the files
    answer = one_client.jobs.get_job_failed_files(request=operations.GetJobFailedFilesRequest(job_id=str(job.id)))
    [failure] = answer.job_failed_files.failed_files
    assert failure.document == job.input_file_ids[0]
    assert failure.error
    assert download(one_client, job.id, job.input_file_ids[1])
    with pytest.raises(SDKError) as missing:
        download(one_client, job.id, job.input_file_ids[0])
    assert missing.value.status_code == 404


def test_names_with_other_letters_survive(one_client):
    data = json.dumps({"job_nodes": [partition_node()]})
    job = create_job(one_client, data, [upload(FILES[0], "входящие/Übersicht größe 第三.txt", "application/pdf")])
    assert finish(one_client, job.id).status == "COMPLETED"
    assert download(one_client, job.id, job.input_file_ids[0])


def test_list_filters(one_client):
    job = create_job(one_client, json.dumps({"job_nodes": [partition_node()]}))
    finish(one_client, job.id)
    jobs = one_client.jobs.list_jobs(request=operations.ListJobsRequest(status="completed")).response_list_jobs
    assert str(job.id) in [str(j.id) for j in jobs]
    created = [j.created_at for j in jobs]
    assert created == sorted(created, reverse=True)
    jobs = one_client.jobs.list_jobs(request=operations.ListJobsRequest(workflow_id=str(job.workflow_id)))
    assert [str(j.id) for j in jobs.response_list_jobs] == [str(job.id)]


def test_cancel_of_a_finished_job_is_refused(one_client):
    job = create_job(one_client, json.dumps({"job_nodes": [partition_node()]}))
    finish(one_client, job.id)
    with pytest.raises(SDKError) as refused:
        one_client.jobs.cancel_job(request=operations.CancelJobRequest(job_id=str(job.id)))
    assert refused.value.status_code == 409


def test_errors_raise_at_once(one_client):
    start = time.monotonic()
    with pytest.raises(SDKError) as unknown:
        one_client.jobs.get_job(request=operations.GetJobRequest(job_id="00000000-0000-4000-8000-000000000000"))
    assert unknown.value.status_code == 404 and "Job not found" in unknown.value.body
    with pytest.raises((HTTPValidationError, SDKError)) as invalid:
        one_client.jobs.get_job(request=operations.GetJobRequest(job_id="not-a-uuid"))
    assert invalid.value.status_code == 422
    with pytest.raises((HTTPValidationError, SDKError)) as invalid:
        create_job(one_client, json.dumps({"job_nodes": [partition_node("nonsense")]}))
    assert invalid.value.status_code == 422 and "nonsense" in invalid.value.body
    assert time.monotonic() - start < 3


def test_another_workspace_sees_nothing(one_client, other_client):
    job = create_job(one_client, json.dumps({"job_nodes": [partition_node()]}), [upload(FILES[0])])
    finish(one_client, job.id)
    with pytest.raises(SDKError) as hidden:
        other_client.jobs.get_job(request=operations.GetJobRequest(job_id=str(job.id)))
    assert hidden.value.status_code == 404
    with pytest.raises(SDKError) as hidden:
        download(other_client, job.id, job.input_file_ids[0])
    assert hidden.value.status_code == 404
    listed = other_client.jobs.list_jobs(request=operations.ListJobsRequest()).response_list_jobs
    assert str(job.id) not in [str(j.id) for j in listed]
