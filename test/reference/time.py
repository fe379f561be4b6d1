"""Times the reference library: one warm process reads the documents of every format once, after one to warm up with.

A line a format: its name, documents, processor seconds a document (children included), and why it was not run.
"""
import os
import pathlib
import sys

from library import partition


def cost():
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


if sys.argv[1] == "--one":
    partition(sys.argv[2])
    sys.exit()
for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    paths = sorted(folder.iterdir())
    try:
        partition(str(paths[0]))
        timed = paths[1:] or paths * 3
        start = cost()
        for path in timed:
            partition(str(path))
        print(folder.name, len(paths), (cost() - start) / len(timed), sep="\t", flush=True)
    except Exception as e:
        print(folder.name, 0, 0, " ".join(str(e).split())[:150] or type(e).__name__, sep="\t", flush=True)
