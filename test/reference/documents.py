"""Makes documents for the comparison with the reference library: 12 of each format, all different, of 3 to 6 kB of text.

It runs in the environment of that library, whose own dependencies write the formats.
"""
import email.message
import json
import pathlib
import random
import sys

import docx
import openpyxl
import pptx
import pypandoc

from words import paragraph, sentence

root = pathlib.Path(sys.argv[1])
count = 12
def markdown(r):
    out = ["# Report of week %d" % r.randrange(1, 53)]
    for k in range(4):
        out.append(f"## Part {k + 1} of the works")
        out.extend(paragraph(r) for _ in range(3))
        out.append("\n".join("- " + sentence(r) for _ in range(3)))
    out.append("| Gate | Level |\n|------|-------|\n" + "\n".join(f"| gate {i} | {r.randrange(100)} |" for i in range(5)))
    return "\n\n".join(out) + "\n"


def write(kind, number, content):
    folder = root / kind
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number:02}.{kind}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


for i in range(count):
    r = random.Random(i)
    text = markdown(r)
    write("md", i, text)
    write("txt", i, "\n\n".join(line.lstrip("# ") for line in text.split("\n\n")[:-1]) + "\n")
    html = pypandoc.convert_text(text, "html", format="gfm")
    write("html", i, f"<!DOCTYPE html><html><head><title>Report</title></head><body>{html}</body></html>")
    for kind, name in {"rst": "rst", "org": "org", "rtf": "rtf", "odt": "odt", "epub": "epub"}.items():
        (root / kind).mkdir(parents=True, exist_ok=True)
        pypandoc.convert_text(text, name, format="gfm", outputfile=str(root / kind / f"{i:02}.{kind}"), extra_args=["--standalone", "--metadata", "title=Report"])
    mail = email.message.EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Date"] = "Ada Voss <ada@harbour.example>", "crew@harbour.example", "Report", "Mon, 2 Mar 2026 08:00:00 +0000"
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    write("eml", i, bytes(mail))
    rows = [["gate", "level", "note"]] + [[f"gate {k}", r.randrange(500), sentence(r)] for k in range(60)]
    write("csv", i, "".join(f'{a},{b},"{c}"\n' for a, b, c in rows))
    write("tsv", i, "".join(f"{a}\t{b}\t{c}\n" for a, b, c in rows))
    write("json", i, json.dumps([{"gate": a, "level": b, "note": c} for a, b, c in rows]))
    write("xml", i, '<?xml version="1.0"?><report>' + "".join(f"<row><gate>{a}</gate><note>{c}</note></row>" for a, b, c in rows) + "</report>")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    (root / "xlsx").mkdir(exist_ok=True)
    book.save(root / "xlsx" / f"{i:02}.xlsx")
    word = docx.Document()
    word.add_heading("Report", 1)
    for k in range(12):
        word.add_paragraph(paragraph(r))
        word.add_paragraph(sentence(r), style="List Bullet")
    table = word.add_table(5, 3)
    for k, row in enumerate(rows[:5]):
        for n, value in enumerate(row):
            table.cell(k, n).text = str(value)
    (root / "docx").mkdir(exist_ok=True)
    word.save(root / "docx" / f"{i:02}.docx")
    show = pptx.Presentation()
    for k in range(8):
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = f"Part {k + 1}"
        slide.placeholders[1].text = "\n".join(sentence(r) for _ in range(5))
    (root / "pptx").mkdir(exist_ok=True)
    show.save(root / "pptx" / f"{i:02}.pptx")
