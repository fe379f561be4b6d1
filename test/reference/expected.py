"""Runs the reference library on documents, as its API does by default, and keeps its elements: expected.py DOCUMENTS OUT [FORMAT ...]. What is there already stays."""
import json
import os
import pathlib
import sys
import warnings

import library

warnings.simplefilter("ignore")
documents, out = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
for source in sorted(documents.glob("*/*")):
    target = out / source.parent.name / (source.name + ".json")
    if sys.argv[3:] and source.parent.name not in sys.argv[3:]:
        continue
    if target.exists():
        continue
    target.parent.mkdir(parents=True, exist_ok=True)
    os.chdir(source.parent)  # where a message says what its attachments are of, it repeats the path that was given
    try:
        found = [e.to_dict() for e in library.partition(source.name, include_page_breaks=False, include_slide_notes=True)]
    except Exception as e:
        print(f"{source.parent.name}/{source.name}: {type(e).__name__}: {' '.join(str(e).split())[:200]}", file=sys.stderr)
        found = None
    target.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
