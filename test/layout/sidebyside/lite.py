"""Reads PDFs by LiteParse without OCR, in one warm process, and writes Markdown: lite.py OUT FILE... Prints the seconds of
processor time of reading, without the start."""
import pathlib
import sys
import time

from liteparse import LiteParse

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
files = [pathlib.Path(p) for p in sys.argv[2:]]
parser = LiteParse(ocr_enabled=False, output_format="markdown")
parser.parse(str(files[0]))
start = time.process_time()
for f in files:
    (out / (f.stem + ".md")).write_text(parser.parse(str(f)).text, encoding="utf-8")
print(f"{time.process_time() - start:.2f}")
