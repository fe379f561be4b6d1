"""Makes the documents whose elements are compared with those of the reference library: varied.py FOLDER [FORMAT ...].

It runs in the environment of that library. What pandoc and python-docx, python-pptx and openpyxl cannot write, LibreOffice
converts. Streams of Outlook messages are left as JSON, which the Go command beside packs.
"""
import base64
import csv
import html
import io
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile

import pypandoc

import markup
import message
import office
import rich
from words import FOREIGN, VALUES, grid, item, label, paragraph, sentence

root = pathlib.Path(sys.argv[1])
wanted = sys.argv[2:]
COUNT = 12
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # one pixel


def path(kind, name):
    (root / kind).mkdir(parents=True, exist_ok=True)
    return root / kind / f"{name}.{kind}"


def made(kind, name, number):
    """The random numbers for a document, None when its format is not wanted."""
    return random.Random(f"{name} {number}") if not wanted or kind in wanted else None


def pandoc(kind, name, source, form="markdown", *more):
    pypandoc.convert_text(source, kind, format=form, outputfile=str(path(kind, name)), extra_args=["--standalone", "--quiet", "--resource-path", sources.name, "--metadata", "title=The lock", *more])


pending = []  # what LibreOffice is to convert: (source, kind of the result, name)


def convert():
    """LibreOffice once for each kind: starting it takes longer than its work."""
    with tempfile.TemporaryDirectory() as work:
        for kind, filters in {"doc": "MS Word 97", "odt": "writer8", "rtf": "Rich Text Format", "ppt": "MS PowerPoint 97", "xls": "MS Excel 97",
                              "xlsx": "Calc MS Excel 2007 XML", "epub": "EPUB"}.items():
            folder, names = pathlib.Path(work, kind), []
            folder.mkdir()
            for source, to, name in pending:
                if to == kind:
                    names.append(folder / f"{name}{source.suffix}")
                    shutil.copy(source, names[-1])
            if not names:
                continue
            out = pathlib.Path(work, "out-" + kind)
            subprocess.run(["soffice", "--headless", f"-env:UserInstallation=file://{work}/profile", "--convert-to", f"{kind}:{filters}", "--outdir", str(out), *map(str, names)],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=1200)
            for name in names:
                shutil.move(out / f"{name.stem}.{kind}", path(kind, name.stem))


def later(document, suffix, kind, name):
    """Keeps a document that LibreOffice is to convert."""
    source = pathlib.Path(sources.name, f"{kind}-{name}.{suffix}")
    document.save(source) if hasattr(document, "save") else source.write_text(document, encoding="utf-8")
    pending.append((source, kind, name))


def table(r, delimiter):
    out = io.StringIO()
    w = csv.writer(out, delimiter=delimiter, lineterminator=r.choice(["\n", "\r\n"]))
    rows = grid(r, r.randrange(3, 30), r.randrange(2, 6))
    shape = r.randrange(6)
    if shape == 1:  # numbers without a head
        rows = [[r.randrange(100), r.choice(["", 1.5, 2]), round(r.random() * 1000, 2)] for _ in range(9)]
    if shape == 2:
        rows += [["NA", "", *FOREIGN[r.choice(sorted(FOREIGN))].split()[:1], 'says "so"', "a, b"][:len(rows[0])], [""] * len(rows[0]), ["<b>", "&", "line\nfeed"][:len(rows[0])]]
    if shape == 3:
        rows = [[k, sentence(r)] for k in range(8)]
    if shape == 4:
        rows = [[label(r)] + x for x in rows]
    if shape == 5:
        rows = [rows[0]] + [[f"{k:03}", f"{r.random():.3e}", r.choice(["TRUE", "true", "None", "null", "-"])][:len(rows[0])] for k in range(5)]
    w.writerows(rows)
    return out.getvalue()


def value(r, depth=0):
    kinds = [lambda: sentence(r), lambda: r.randrange(1000), lambda: r.random(), lambda: None, lambda: r.random() < .5, lambda: FOREIGN[r.choice(sorted(FOREIGN))],
             lambda: r.choice(VALUES)]
    if depth < 3:
        kinds += [lambda: {label(r): value(r, depth + 1) for _ in range(r.randrange(4))}, lambda: [value(r, depth + 1) for _ in range(r.randrange(4))]]
    return r.choice(kinds)()


def elements(r):
    out = []
    for k in range(6):
        kind = r.choice(["Title", "NarrativeText", "ListItem", "UncategorizedText", "Table", "Header"])
        meta = {"page_number": k // 3 + 1, "languages": ["eng"]}
        if kind == "Table":
            meta["text_as_html"] = "<table><tr><td>a</td><td>b</td></tr></table>"
        out.append({"type": kind, "element_id": f"{r.getrandbits(128):032x}", "text": sentence(r), "metadata": meta})
    return out


def xml(r, depth=0):
    tag = r.choice(["lock", "gate", "note", "h:row"])
    inner = "".join(xml(r, depth + 1) for _ in range(r.randrange(1, 4))) if depth < 3 else ""
    words = r.choice([lambda: sentence(r), lambda: label(r), lambda: "", lambda: "\n  ", lambda: f"a &lt; b &amp; {html.escape(item(r))}", lambda: f"<![CDATA[{item(r)} <x>]]>",
                      lambda: FOREIGN[r.choice(sorted(FOREIGN))], lambda: "• " + html.escape(item(r))])()
    return f'<{tag} n="{r.randrange(9)}">{words}<!-- no -->{inner}</{tag}>' + r.choice(["", "\n", " tail "])


def book(r):
    """An EPUB whose chapters are pages as other programs write them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("mimetype", "application/epub+zip")
        z.writestr("META-INF/container.xml", '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>')
        names = [f"text/part {k}.xhtml" if k == 2 else f"text/part{k}.xhtml" for k in range(4)]
        manifest = "".join(f'<item id="i{k}" href="{n.replace(" ", "%20")}" media-type="application/xhtml+xml"/>' for k, n in enumerate(names))
        z.writestr("OEBPS/content.opf", '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="2.0" unique-identifier="u"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
                   '<dc:title>The lock</dc:title><dc:language>en</dc:language><dc:identifier id="u">x</dc:identifier><dc:creator>N. Vogt</dc:creator></metadata>'
                   f'<manifest><item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>{manifest}</manifest><spine toc="ncx"><itemref idref="i0"/><itemref idref="i2"/><itemref idref="i1"/><itemref idref="i3" linear="no"/></spine></package>')
        z.writestr("OEBPS/toc.ncx", '<?xml version="1.0"?><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1"><navMap/></ncx>')
        for name in names:
            body = "\n".join(page(r) for _ in range(1 if name == names[-1] else 5))
            z.writestr("OEBPS/" + name, f'<?xml version="1.0" encoding="utf-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>{label(r)}</title><style>p {{}}</style></head><body>{body}</body></html>')
    return out.getvalue()


def page(r):
    """A piece of a page, as programs that make books and editors of text write them."""
    return r.choice([
        lambda: f"<h1>{label(r)}</h1><p>{paragraph(r)}</p>", lambda: f"<section><h2 class='x'>{label(r)}</h2><p>{sentence(r)}</p></section>",
        lambda: f"<div class='para'>{sentence(r)} <span class='s'>{label(r)}</span></div>", lambda: f"<div><div>{sentence(r)}</div><div>{label(r)}</div></div>",
        lambda: f"<ul><li>{item(r)}</li><li><p>{item(r)}</p></li></ul>", lambda: f"<p><b>{label(r)}</b> <i>{label(r)}</i> <a href='part1.xhtml#x'>{label(r)}</a> {sentence(r)}</p>",
        lambda: f"<p><img src='../images/a.png' alt='{label(r)}'/></p><figure><img src='b.png'/><figcaption>{label(r)}</figcaption></figure>",
        lambda: f"<table><thead><tr><th>{label(r)}</th><th>b</th></tr></thead><tbody><tr><td colspan='2'>{label(r)}</td></tr><tr><td><p>{sentence(r)}</p></td><td>x</td></tr></tbody></table>",
        lambda: f"<blockquote><p>{sentence(r)}</p></blockquote><hr/><p>{label(r)}<br/>{label(r)}</p>", lambda: f"<pre>a\n  b &lt; {label(r)}</pre>",
        lambda: "<p>{0}<a epub:type='noteref' href='#n{1}'>1</a></p><aside epub:type='footnote' id='n{1}'><p>{2}</p></aside>".format(sentence(r), r.randrange(10**6), sentence(r)),
        lambda: f"<dl><dt>{label(r)}</dt><dd>{sentence(r)}</dd></dl><p>{FOREIGN[r.choice(sorted(FOREIGN))]}</p>",
        lambda: f"<p>{sentence(r)}<sup>2</sup> <code>x</code> <small>{label(r)}</small> &nbsp; &copy; <ruby>漢<rt>kan</rt></ruby></p><svg xmlns='http://www.w3.org/2000/svg'><text>no</text></svg>",
    ])()


sources = tempfile.TemporaryDirectory()
for picture in "lock.png", "bare.jpg":
    pathlib.Path(sources.name, picture).write_bytes(base64.b64decode(PICTURE))
pathlib.Path(sources.name, "sign.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
for i in range(COUNT):
    name = f"{i:02}"
    half = i % 2 == 0
    for kind in "org", "rst":
        if r := made(kind, kind, i):
            if i < 8:
                path(kind, name).write_text(getattr(markup, kind)(r), encoding="utf-8")
            else:
                pandoc(kind, name, markup.pandoc_markdown(r))
    if r := made("md", "md", i):
        path("md", name).write_text(markup.python_markdown(r), encoding="utf-8")
    if r := made("rtf", "rtf", i):
        if i < 4:
            pandoc("rtf", name, markup.pandoc_markdown(r))
        elif i < 8:
            later(office.word(r), "docx", "rtf", name)
        else:
            path("rtf", name).write_bytes(rich.document(r))
    if r := made("epub", "epub", i):
        if i < 6:
            pandoc("epub", name, markup.pandoc_markdown(r), "markdown", *(["--split-level=2"] if half else []))
        elif i < 9:
            later(office.word(r), "docx", "epub", name)
        else:
            path("epub", name).write_bytes(book(r))
    if r := made("odt", "odt", i):
        if i < 5:
            pandoc("odt", name, markup.pandoc_markdown(r))
        elif i < 10:
            later(office.word(r), "docx", "odt", name)
        else:
            later("<html><body>" + "".join(page(r) for _ in range(10)) + "</body></html>", "html", "odt", name)
    if r := made("docx", "docx", i):
        if i < 4:
            pandoc("docx", name, markup.pandoc_markdown(r))
        else:
            office.word(r).save(path("docx", name))
    if r := made("doc", "doc", i):
        if i < 9:
            later(office.word(r), "docx", "doc", name)
        else:
            source = pathlib.Path(sources.name, f"pandoc-{name}.docx")
            pypandoc.convert_text(markup.pandoc_markdown(r), "docx", format="markdown", outputfile=str(source), extra_args=["--quiet", "--resource-path", sources.name, "--metadata", "title=The lock"])
            pending.append((source, "doc", name))
    if r := made("ppt", "ppt", i):
        later(office.presentation(r), "pptx", "ppt", name)
    if r := made("pptx", "pptx", i):
        office.presentation(r).save(path("pptx", name))
    if r := made("xls", "xls", i):
        later(office.workbook(r), "xlsx", "xls", name)
    if r := made("xlsx", "xlsx", i):
        if half:
            office.workbook(r).save(path("xlsx", name))
        else:
            later(office.workbook(r), "xlsx", "xlsx", name)
    for kind, delimiter in ("tsv", "\t"), ("csv", ",;|"[i % 3]):
        if r := made(kind, kind, i):
            path(kind, name).write_text(table(r, delimiter), encoding="utf-8-sig" if i == 7 else "utf-8", newline="")
    if r := made("json", "json", i):
        data = elements(r) if i < 4 else [value(r) for _ in range(5)] if i < 8 else {label(r): value(r) for _ in range(5)}
        path("json", name).write_text(json.dumps(data, indent=2 if half else None, ensure_ascii=half), encoding="utf-8")
    if r := made("ndjson", "ndjson", i):
        rows = elements(r) if i < 4 else [{label(r): value(r), "n": k} for k in range(6)] if i < 9 else [value(r) for _ in range(6)]
        path("ndjson", name).write_text("".join(json.dumps(x, ensure_ascii=half) + "\n" for x in rows), encoding="utf-8")
    if r := made("xml", "xml", i):
        path("xml", name).write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n<root xmlns:h="urn:h">{xml(r)}{xml(r)}{xml(r)}</root>\n', encoding="utf-8")
    if r := made("msg", "msg", i):
        streams = {k: base64.b64encode(v).decode() for k, v in message.message(r).items()}
        path("msg", name).with_suffix(".streams").write_text(json.dumps(streams))
convert()
