import pytest
from conftest import SAMPLES
from unstructured_client.models import operations, shared
from unstructured_client.models.errors import HTTPValidationError


def partition(client, path, content=None, **parameters):
    files = shared.Files(content=content or path.read_bytes(), file_name=path.name)
    request = operations.PartitionRequest(partition_parameters=shared.PartitionParameters(files=files, **parameters))
    return client.general.partition(request=request)


def test_defaults_of_the_sdk(client):
    """hi_res, table inference and all else that the SDK sends without being asked."""
    for path in sorted(SAMPLES.glob("*.*")):
        if path.suffix not in {".txt", ".md", ".html", ".csv", ".json", ".docx", ".pdf"}:
            continue
        answer = partition(client, path)
        assert answer.status_code == 200 and answer.elements, path.name
        assert all(e["metadata"]["filename"] == path.name for e in answer.elements)


def long_pdf(pages):
    """A PDF of numbered pages, written by hand."""
    kids, objects = [], []
    for n in range(pages):
        text = f"BT /F1 12 Tf 72 700 Td (Page number {n + 1} of this report says enough to be read.) Tj ET".encode()
        page, stream = 4 + 2 * n, 5 + 2 * n
        kids.append(b"%d 0 R" % page)
        objects.append((page, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R"
                              b"/Resources<</Font<</F1 3 0 R>>>>>>" % stream))
        objects.append((stream, b"<</Length %d>>stream\n%s\nendstream" % (len(text), text)))
    objects = [
        (1, b"<</Type/Catalog/Pages 2 0 R>>"),
        (2, b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, b" ".join(kids))),
        (3, b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"),
    ] + objects
    out, offsets = b"%PDF-1.4\n", {}
    for number, body in objects:
        offsets[number] = len(out)
        out += b"%d 0 obj" % number + body + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % offsets[n] for n in sorted(offsets))
    size = len(objects) + 1
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        size, table, size, len(out))


@pytest.mark.parametrize("pages", [3, 23])
def test_split_requests_give_every_page_once(one_client, tmp_path, pages):
    path = tmp_path / "long.pdf"
    path.write_bytes(long_pdf(pages))
    answer = partition(one_client, path, split_pdf_page=True, strategy="fast")
    assert [e["metadata"]["page_number"] for e in answer.elements] == list(range(1, pages + 1))
    assert all(f"Page number {i + 1} of" in e["text"] for i, e in enumerate(answer.elements))


def test_chunking_in_one_call(one_client):
    path = next(SAMPLES.glob("*.docx"))
    answer = partition(one_client, path, chunking_strategy="by_title", max_characters=300)
    assert {e["type"] for e in answer.elements} <= {"CompositeElement", "Table", "TableChunk"}
    assert all(e["metadata"]["orig_elements"].startswith("eJ") for e in answer.elements)


def test_bad_files_raise_at_once(one_client, tmp_path):
    path = tmp_path / "broken.pdf"
    path.write_bytes(b"%PDF-1.7 nothing follows")
    with pytest.raises(HTTPValidationError) as bad:
        partition(one_client, path, split_pdf_page=False)
    assert bad.value.status_code == 422
