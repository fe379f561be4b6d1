import time

import pytest
from conftest import FOLDER, SAMPLES, chunk_node, finish, partition_node
from unstructured_client.models import operations, shared
from unstructured_client.models.errors import HTTPValidationError, SDKError

SECRET = "planted-secret-7319"


def create(client, **fields):
    request = operations.CreateWorkflowRequest(create_workflow=shared.CreateWorkflow(**fields))
    answer = client.workflows.create_workflow(request=request)
    assert answer.status_code == 200
    return answer.workflow_information


def create_source(client, name, kind, config):
    source = shared.CreateSourceConnector(name=name, type=kind, config=config)
    request = operations.CreateSourceRequest(create_source_connector=source)
    return client.sources.create_source(request=request).source_connector_information


def create_destination(client, name, kind, config):
    destination = shared.CreateDestinationConnector(name=name, type=kind, config=config)
    request = operations.CreateDestinationRequest(create_destination_connector=destination)
    return client.destinations.create_destination(request=request).destination_connector_information


def check_source(client, source_id):
    request = operations.CreateConnectionCheckSourcesRequest(source_id=str(source_id))
    first = client.sources.create_connection_check_sources(request=request)
    assert first.status_code == 202 and first.dag_node_connection_check.status == "SCHEDULED"
    for _ in range(200):
        request = operations.GetConnectionCheckSourcesRequest(source_id=str(source_id))
        check = client.sources.get_connection_check_sources(request=request).dag_node_connection_check
        if check.status != "SCHEDULED":
            return check
        time.sleep(0.05)
    raise AssertionError("the connection check has not ended")


def test_life_of_a_workflow(client, name):
    made = create(client, name=name, workflow_type="custom", workflow_nodes=[partition_node(), chunk_node()])
    assert made.workflow_type == "custom" and made.status == "active"
    assert [n.type for n in made.workflow_nodes] == ["partition", "chunk"]
    assert list(made.schedule.crontab_entries) == [] and made.sources == [] and made.destinations == []

    update = shared.UpdateWorkflow(name=name + "-new")
    request = operations.UpdateWorkflowRequest(workflow_id=str(made.id), update_workflow=update)
    changed = client.workflows.update_workflow(request=request).workflow_information
    assert changed.name == name + "-new"
    assert [n.id for n in changed.workflow_nodes] == [n.id for n in made.workflow_nodes]

    listed = client.workflows.list_workflows(request=operations.ListWorkflowsRequest(name=name))
    assert [str(w.id) for w in listed.response_list_workflows] == [str(made.id)]

    gone = client.workflows.delete_workflow(request=operations.DeleteWorkflowRequest(workflow_id=str(made.id)))
    assert gone.status_code == 200
    with pytest.raises(SDKError) as missing:
        client.workflows.get_workflow(request=operations.GetWorkflowRequest(workflow_id=str(made.id)))
    assert missing.value.status_code == 404


@pytest.mark.parametrize("kind", ["basic", "advanced", "platinum"])
def test_automatic_types(one_client, name, kind):
    made = create(one_client, name=name, workflow_type=kind)
    assert made.workflow_type == kind
    assert made.workflow_nodes[0].type == "partition"


def test_run_with_uploaded_files(one_client, name):
    made = create(one_client, name=name, workflow_type="custom", workflow_nodes=[partition_node()])
    sample = SAMPLES / sorted(p.name for p in SAMPLES.glob("*.txt"))[0]
    files = [shared.BodyRunWorkflowInputFiles(content=sample.read_bytes(), file_name=sample.name)]
    body = shared.BodyRunWorkflow(input_files=files)
    request = operations.RunWorkflowRequest(workflow_id=str(made.id), body_run_workflow=body)
    started = one_client.workflows.run_workflow(request=request)
    assert started.status_code == 202
    done = finish(one_client, started.job_information.id)
    assert done.status == "COMPLETED" and done.workflow_name == name and len(done.input_file_ids) == 1


def test_from_a_folder_to_a_folder(one_client, name):
    into = FOLDER / name / "in"
    out = FOLDER / name / "out"
    into.mkdir(parents=True)
    out.mkdir()
    for p in sorted(SAMPLES.iterdir()):
        if p.suffix in {".txt", ".html", ".docx", ".pdf"}:
            (into / p.name).write_bytes(p.read_bytes())
    source = create_source(one_client, name, "local", {"path": str(into)})
    destination = create_destination(one_client, name, "local", {"path": str(out)})
    check = check_source(one_client, source.id)
    assert check.status == "SUCCESS" and check.reported_at is not None
    made = create(
        one_client,
        name=name,
        workflow_type="custom",
        source_id=str(source.id),
        destination_id=str(destination.id),
        workflow_nodes=[partition_node(), chunk_node()],
        schedule="daily",
    )
    assert [e.cron_expression for e in made.schedule.crontab_entries] == ["0 0 * * *"]
    started = one_client.workflows.run_workflow(request=operations.RunWorkflowRequest(workflow_id=str(made.id)))
    assert started.status_code == 202
    assert finish(one_client, started.job_information.id).status == "COMPLETED"
    assert sorted(p.name for p in out.iterdir()) == sorted(p.name + ".json" for p in into.iterdir())


def test_secrets_are_masked_and_kept(one_client, name):
    config = {"remote_url": "s3://bucket/in/", "key": SECRET, "secret": SECRET, "shade": "blue"}
    source = create_source(one_client, name, "s3", config)
    assert source.config["key"] == source.config["secret"] == "*" * 10
    assert source.config["shade"] == "blue" and source.config["anonymous"] is False
    listed = one_client.sources.list_sources(request=operations.ListSourcesRequest(source_type="s3"))
    assert SECRET not in repr(listed.response_list_sources)
    gone = one_client.sources.delete_source(request=operations.DeleteSourceRequest(source_id=str(source.id)))
    assert gone.status_code == 200


def test_odd_values_stored_by_others_still_parse(one_client, name):
    source = create_source(one_client, name, "teradata", {"host": "h", "password": SECRET})
    assert check_source(one_client, source.id).status == "FAILURE"
    swapped = {"name": "Auto", "type": "vlm", "subtype": "partition", "settings": {"is_dynamic": True}}
    made = create(one_client, name=name, workflow_type="custom", workflow_nodes=[swapped])
    assert (made.workflow_nodes[0].type, made.workflow_nodes[0].subtype) == ("partition", "vlm")
    assert one_client.workflows.list_workflows(request=operations.ListWorkflowsRequest()).response_list_workflows
    assert one_client.sources.list_sources(request=operations.ListSourcesRequest()).response_list_sources


def test_templates(client):
    listed = client.templates.list_templates(request=operations.ListTemplatesRequest()).response_list_templates
    assert {"hi_res_partition", "hi_res_and_enrichment"} <= {t.id for t in listed}
    request = operations.GetTemplateRequest(template_id="hi_res_and_enrichment")
    detail = client.templates.get_template(request=request).template_detail
    assert len(detail.nodes) == 4
    with pytest.raises(SDKError) as missing:
        client.templates.get_template(request=operations.GetTemplateRequest(template_id="nope"))
    assert missing.value.status_code == 404 and "Template nope not found" in missing.value.body


def test_what_is_not_built_is_refused_by_name(one_client, name):
    nodes = [partition_node(), {"name": "Embedder", "type": "embed", "subtype": "voyageai", "settings": {"model_name": "voyage-3"}}]
    made = create(one_client, name=name, workflow_type="custom", workflow_nodes=nodes)
    sample = next(SAMPLES.glob("*.txt"))
    body = shared.BodyRunWorkflow(
        input_files=[shared.BodyRunWorkflowInputFiles(content=sample.read_bytes(), file_name=sample.name)]
    )
    with pytest.raises(HTTPValidationError) as refused:
        request = operations.RunWorkflowRequest(workflow_id=str(made.id), body_run_workflow=body)
        one_client.workflows.run_workflow(request=request)
    assert refused.value.status_code == 422 and "Embedder" in refused.value.body
