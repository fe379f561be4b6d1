"""Compares our elements with those of the reference library: score.py EXPECTED OURS [--show FORMAT[/DOCUMENT]].

A line a format with means over its documents, all from 0 to 1:
  text     1 - edit distance of all text / the longer one's length, white space collapsed and quotes folded
  F1       of elements aligned in order whose type and text are equal
  types    share of elements with equal types among those aligned by text (equal, or similar to .8)
  cells    F1 of cells of tables (row, column, text), tables paired by their content; spans count where a cell begins
  parents  share of aligned elements whose parents are aligned too, or that both have none
  metadata share of expected metadata keys that are there; values: of these, share with equal values
  ids      share of aligned elements with equal ids
Behind the table stand, by format, what differs most often in types and metadata, and the means below the floors.
--show prints what differs: lines of the reference begin with -, ours with +.
"""
import argparse
import collections
import difflib
import json
import pathlib
import sys

import lxml.html
from rapidfuzz.distance import Levenshtein

QUOTES = str.maketrans({c: '"' for c in "“”„‟«»❝❞〝〞〟＂"} | {c: "'" for c in "‘’‚‛‹›❛❜「」『』＇｢｣"})
ASIDE = {"data_source", "last_modified", "file_directory", "coordinates", "filename", "parent_id", "text_as_html", "image_base64", "url"}
MEASURES = ["text", "F1", "types", "cells", "parents", "metadata", "values", "ids"]
FLOORS = {"csv tsv xlsx xls": (.995, .93, .97, .98), "txt xml json ndjson": (.995, .95, .97, 0), "docx pptx odt": (.99, .95, .96, 0), "html md eml": (.98, .93, .96, 0),
          "msg doc ppt": (.95, .85, .90, 0), "epub org rst rtf": (.95, .85, .93, 0)}


def plain(text):
    return " ".join((text or "").split()).translate(QUOTES)


def f1(hits, a, b):
    return 2 * hits / (a + b) if a + b else 1.0


def equal_pairs(a, b):
    return [(m.a + k, m.b + k) for m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks() for k in range(m.size)]


def aligned(a, b):
    """Pairs of places with equal texts, and between these pairs of similar ones in order."""
    out, at = [], (0, 0)
    for i, j in equal_pairs(a, b) + [(len(a), len(b))]:
        near = {(x, y): s for x in range(at[0], i) for y in range(at[1], j) if (s := Levenshtein.normalized_similarity(a[x], b[y])) >= .8}
        best = {}
        for x in range(i, at[0] - 1, -1):  # the best chain of pairs behind each place
            for y in range(j, at[1] - 1, -1):
                if x == i or y == j:
                    best[x, y] = (0, None)
                    continue
                best[x, y] = max((best[x + 1, y][0], (x + 1, y)), (best[x, y + 1][0], (x, y + 1)))
                if (x, y) in near and best[x + 1, y + 1][0] + near[x, y] > best[x, y][0]:
                    best[x, y] = (best[x + 1, y + 1][0] + near[x, y], (x + 1, y + 1))
        x, y = at
        while best[x, y][1]:
            to = best[x, y][1]
            if to == (x + 1, y + 1):
                out.append((x, y))
            x, y = to
        if i < len(a):
            out.append((i, j))
        at = i + 1, j + 1
    return out


def cells(markup):
    taken, out = set(), collections.Counter()
    for r, row in enumerate(lxml.html.fromstring(markup).xpath("//tr")):
        c = 0
        for cell in row.xpath("./td|./th"):
            while (r, c) in taken:
                c += 1
            down, right = int(cell.get("rowspan", 1)), int(cell.get("colspan", 1))
            taken |= {(r + k, c + n) for k in range(down) for n in range(right)}
            if text := plain(" ".join(cell.itertext())):
                out[r, c, text] += 1
            c += right
    return out


def tables(elements):
    return [cells(m) for e in elements if e["type"] == "Table" and (m := e["metadata"].get("text_as_html"))]


def cell_score(a, b):
    a, b, hits, left = tables(a), tables(b), 0, []
    if not a:
        return None
    left = list(b)
    for t in a:
        words = collections.Counter(k[2] for k in t.elements())
        if left:
            one = max(left, key=lambda u: (words & collections.Counter(k[2] for k in u.elements())).total())
            left.remove(one)
            hits += (t & one).total()
    return f1(hits, sum(t.total() for t in a), sum(t.total() for t in b))


def same(key, a, b):
    if isinstance(a, list) and isinstance(b, list):
        a, b = ([plain(str(x)) for x in v] for v in (a, b))
        return sorted(a) == sorted(b) if key == "languages" else a == b
    return plain(a) == plain(b) if isinstance(a, str) and isinstance(b, str) else a == b


def score(a, b, odd):
    """The measures of one document; what differs in types and metadata is counted in odd."""
    texts = [[plain(e["text"]) for e in v] for v in (a, b)]
    keys = [[(e["type"], t) for e, t in zip(v, x)] for v, x in zip((a, b), texts)]
    pairs = aligned(*texts)
    places = [{e["element_id"]: k for k, e in enumerate(v)} for v in (a, b)]
    to = dict(pairs)
    wanted = found = equal = parents = 0
    for i, j in pairs:
        m, n = a[i]["metadata"], b[j]["metadata"]
        if a[i]["type"] != b[j]["type"]:
            odd[f"{a[i]['type']} is {b[j]['type']}"] += 1
        for key in m.keys() - ASIDE:
            wanted += 1
            found += key in n
            if key not in n:
                odd["without " + key] += 1
            elif not same(key, m[key], n[key]):
                odd["other " + key] += 1
            equal += key in n and same(key, m[key], n[key])
        p, q = places[0].get(m.get("parent_id")), places[1].get(n.get("parent_id"))
        parents += to.get(p) == q if p is not None else q is None
    share = lambda x, n: x / n if n else None
    return {
        "text": Levenshtein.normalized_similarity(*(plain("\n".join(e["text"] for e in v)) for v in (a, b))),
        "F1": f1(len(equal_pairs(*keys)), len(a), len(b)), "types": share(sum(a[i]["type"] == b[j]["type"] for i, j in pairs), len(pairs)),
        "cells": cell_score(a, b), "parents": share(parents, len(pairs)), "metadata": share(found, wanted), "values": share(equal, found),
        "ids": share(sum(a[i]["element_id"] == b[j]["element_id"] for i, j in pairs), len(pairs)),
    }


def lines(elements):
    """An element a line, with all of it that is compared; a parent is named by its text."""
    texts = {e["element_id"]: e["text"][:20] for e in elements}
    out = []
    for e in elements:
        m = {k: v for k, v in sorted(e["metadata"].items()) if k not in ASIDE - {"text_as_html"} and k not in ("filetype", "languages")}
        parent = texts.get(e["metadata"].get("parent_id"), "")
        out.append(f"{e['type']} {e['text']!r} <{parent}> {json.dumps(m, ensure_ascii=False) if m else ''}")
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("expected", type=pathlib.Path)
    parser.add_argument("ours", type=pathlib.Path)
    parser.add_argument("--show")
    parser.add_argument("formats", nargs="*")
    o = parser.parse_args()
    print("| format | documents | " + " | ".join(MEASURES) + " |\n" + "|---" * (len(MEASURES) + 2) + "|")
    below = []
    for folder in sorted(o.expected.iterdir()):
        kind, rows, odd = folder.name, [], collections.Counter()
        if o.formats and kind not in o.formats:
            continue
        for path in sorted(folder.iterdir()):
            a, b = json.loads(path.read_text()), json.loads((o.ours / kind / path.name).read_text())
            if a is None:  # the library failed
                continue
            rows.append(score(a, b, odd))
            if o.show and (o.show == kind or o.show == f"{kind}/{path.stem.split('.')[0]}"):
                r = rows[-1]
                print(f"== {kind}/{path.name}", " ".join(f"{k} {v:.3f}" for k, v in r.items() if v is not None))
                for line in difflib.unified_diff(lines(a), lines(b), lineterm="", n=1):
                    if not line.startswith(("---", "+++")):
                        print(line)
        if not rows:
            continue
        means = {k: sum(v) / len(v) if (v := [x[k] for x in rows if x[k] is not None]) else None for k in MEASURES}
        print(f"| {kind} | {len(rows)} | " + " | ".join("-" if v is None else f"{v:.3f}" for v in means.values()) + " |")
        if odd:
            below.append(f"{kind}: " + ", ".join(f"{k} {n}" for k, n in odd.most_common(9)))
        floor = next((f for names, f in FLOORS.items() if kind in names.split()), (0, 0, 0, 0))
        for key, least in [*zip(MEASURES, floor), ("parents", .93), ("metadata", .98), ("ids", .95)]:
            if means[key] is not None and means[key] < least:
                below.append(f"{kind}: {key} {means[key]:.4f} is below {least}")
    print("\n".join(below))
    return 0


if __name__ == "__main__":
    sys.exit(main())
