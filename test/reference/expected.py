"""Runs the reference library on documents and keeps its elements: expected.py DOCUMENTS OUT [FORMAT ...]. What is there already stays."""
import json
import pathlib
import sys
import warnings

import library

warnings.simplefilter("ignore")
documents, out = map(pathlib.Path, sys.argv[1:3])
for source in sorted(documents.glob("*/*")):
    target = out / source.parent.name / (source.name + ".json")
    if sys.argv[3:] and source.parent.name not in sys.argv[3:]:
        continue
    if source.suffix == ".streams" or target.exists():
        continue
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        found = [e.to_dict() for e in library.partition(str(source), include_page_breaks=False)]
    except Exception as e:
        print(f"{source.parent.name}/{source.name}: {type(e).__name__}: {' '.join(str(e).split())[:200]}", file=sys.stderr)
        found = None
    target.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
