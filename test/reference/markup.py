"""Sources in lightweight markup for the comparison with the reference library: pieces that each show one thing of the
language, and documents of several pieces under headings. Every function takes a random.Random, and the same one gives the
same document."""
import textwrap

from words import FOREIGN, SUBJECTS, grid, item, label, paragraph, sentence


def wrapped(text, indent="", width=72):
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


# Markdown, in the dialect that pandoc reads: the source of what pandoc writes

def md_plain(r):
    return paragraph(r) + "\n\n" + paragraph(r)


def md_emphasis(r):
    return (f"The *{label(r)}* and the **{label(r)}**, both ***at once***, `code_of(gate)`, ~~gone~~, H~2~O and x^2^. "
            f"See [{label(r)}](https://lock.example/a?b=1&c=2) or <https://weir.example/> or [**bold** link](page.html#part). {sentence(r)}")


def md_bullets(r):
    return "\n".join(f"- {item(r)}\n    - {item(r)}\n        - {item(r)}\n    - {item(r)}" for _ in range(2)) + f"\n- {item(r)}"


def md_numbers(r):
    return "\n".join(f"{k + 1}. {item(r)}" for k in range(4)) + f"\n    a. {item(r)}\n    b. {item(r)}"


def md_loose(r):
    return "\n\n".join(f"* {item(r)}\n\n    {sentence(r)}" for _ in range(3))


def md_tasks(r):
    return "\n".join(f"- [{r.choice('x ')}] {item(r)}" for _ in range(3))


def md_terms(r):
    return "\n\n".join(f"{label(r)}\n:   {sentence(r)}" for _ in range(2))


def md_table(r):
    rows = grid(r)
    return "\n".join(["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])] + ["| " + " | ".join(x) + " |" for x in rows[1:]])


def md_caption(r):
    return md_table(r) + "\n\n: " + label(r)


def md_span(r):
    a, b, c = (r.choice("open closed Alder Birch".split()) for _ in range(3))
    return textwrap.dedent(f"""\
        +---------------------+----------+
        | Property            | Earth    |
        +=============+=======+==========+
        |             | min   | {a:<8} |
        | Temperature +-------+----------+
        |             | mean  | {b:<8} |
        |             +-------+----------+
        |             | max   | {c:<8} |
        +-------------+-------+----------+
        """)


def md_blocks(r):
    return textwrap.dedent(f"""\
        +------------------+---------------------------+
        | Works            | Who                       |
        +==================+===========================+
        | - rope           | {r.choice(SUBJECTS):<25} |
        | - hook           | and others.               |
        |                  |                           |
        |                  | Second paragraph.         |
        +------------------+---------------------------+
        """)


def md_code(r):
    return f"```python\ndef level(gate):\n    return gate + {r.randrange(9)}  # {label(r)}\n\nprint(level(1))\n```\n\n    indented < code &\n      more"


def md_quote(r):
    return f"> {sentence(r)}\n>\n> {sentence(r)}\n>\n> > {sentence(r)}\n\n> - {item(r)}\n> - {item(r)}"


def md_notes(r):
    return f"{sentence(r)}[^a] {sentence(r)}^[{sentence(r)}] {label(r)}.\n\n[^a]: {sentence(r)}\n\n    {sentence(r)}"


def md_image(r):
    return f"![{label(r)}](lock.png)\n\n{sentence(r)} ![sign](sign.svg) {label(r)}.\n\n![](bare.jpg)\\\n"


def md_languages(r):
    return "\n\n".join(FOREIGN[k] for k in r.sample(sorted(FOREIGN), 3))


def md_lines(r):
    return f"| {label(r)}\n|   {label(r)}\n| {sentence(r)}\n\nFirst line\\\nsecond line"


def md_math(r):
    return f"The level is $h = v^2 / 2g$ at all times. {sentence(r)}\n\n$$\\sum_{{i=1}}^n x_i$$"


def md_rule(r):
    return f"{sentence(r)}\n\n---\n\n{label(r)}"


def md_signs(r):
    return f"“Quotes” – dashes — and… \\*no emphasis\\* & 5 < 6 > 4, © 2026 “{label(r)}” it's. crew@harbour.example and 12 Mill Road, Springfield, IL 62704."


def md_short(r):
    return f"{label(r)}\n\nx\n\n{r.choice(SUBJECTS)}\n\n• {sentence(r)}\n\ncrew@harbour.example"


MARKDOWN = [md_plain, md_emphasis, md_bullets, md_numbers, md_loose, md_terms, md_table, md_caption, md_span, md_blocks, md_code, md_quote,
            md_notes, md_image, md_languages, md_lines, md_math, md_rule, md_signs, md_short, md_tasks]


def sections(r, pieces, heading, deepest, count):
    """Pieces under headings of several depths. heading(level, text) writes one."""
    out, level = [heading(1, label(r))], 1
    for k in range(count):
        if k:
            level = r.randrange(1, min(level + 1, deepest) + 1)
            out.append(heading(level, label(r)))
        if r.random() < .6:
            out.append(wrapped(paragraph(r)))
        out.append(r.choice(pieces)(r))
    return "\n\n".join(out) + "\n"


def distinct(source):
    """Markdown whose footnotes have labels of their own."""
    out, n = [], 0
    for part in source.split("[^a]"):
        out.append(part)
    text = out[0]
    for k, part in enumerate(out[1:]):
        n = k // 2
        text += f"[^a{n}]" + part
    return text


def pandoc_markdown(r, count=8):
    return distinct(sections(r, MARKDOWN, lambda n, s: "#" * n + " " + s, 5, count))


# Markdown in the dialect of Python-Markdown: a source by itself

def pm_lists(r):
    return f"{sentence(r)}\n- {item(r)}\n- {item(r)}\n\n* {item(r)}\n* {item(r)}\n    * {item(r)}\n\n1. {item(r)}\n2. {item(r)}\n\n    {sentence(r)}\n"


def pm_raw(r):
    return f"<div>\n{sentence(r)}\n</div>\n\n{sentence(r)} <b>{label(r)}</b> <br> <span>{label(r)}</span> &copy; &amp;\n\n<!-- nothing -->\n\n<table><tr><td>{label(r)}</td><td rowspan=\"2\">x</td></tr><tr><td>y</td></tr></table>"


def pm_headings(r):
    return f"{label(r)}\n=====\n\n{sentence(r)}\n\n{label(r)}\n-----\n\n#{label(r)}\n{sentence(r)}\n\n### {label(r)} ###"


def pm_links(r):
    return f"[{label(r)}][one] and [two] and ![{label(r)}](a.png \"title\") and <crew@harbour.example>.\n\n[one]: https://lock.example \"Title\"\n[two]: <https://weir.example>"


def pm_code(r):
    return f"~~~\n{label(r)}\n  * no list\n~~~\n\n``` {{.py}}\nx = 1\n```\n\n\tcode by a tab\n\n`` `a` `` and `b`  \nhard break"


def pm_table(r):
    return f"{label(r)} | {label(r)}\n--- | :---:\n`a|b` | *{label(r)}*\n[x](y.html) | \n"


PYTHON_MARKDOWN = [md_plain, md_emphasis, md_bullets, md_numbers, md_loose, md_table, md_code, md_quote, md_image, md_languages, md_rule, md_signs,
                   md_short, pm_lists, pm_raw, pm_headings, pm_links, pm_code, pm_table]


def python_markdown(r, count=8):
    return sections(r, PYTHON_MARKDOWN, lambda n, s: "#" * n + " " + s, 6, count)


# Org

def org_inline(r):
    return wrapped(f"The *{label(r)}* and /{label(r)}/ and _under_ and +gone+ with ~code~ and =verbatim= in a text. H_2O, x^{{2}}, a_{{long one}}. "
                   f"[[https://lock.example/a][{label(r)}]] and [[https://weir.example]] and https://bare.example/x. {sentence(r)}")


def org_links(r):
    return (f"[[file:plan.org][{label(r)}]] [[./notes.txt]] [[*{label(r)}]] [[id:77-ab][an id]] [[mailto:crew@harbour.example][mail]] <https://angle.example>\n\n"
            f"[[file:lock.png]]\n\n#+CAPTION: {label(r)}\n#+NAME: fig:one\n[[./weir.jpg]]\n\n{sentence(r)} [[https://a.example/p.png]] end.")


def org_bullets(r):
    return f"- {item(r)}\n- {item(r)}\n  + {item(r)}\n    * {item(r)}\n  + {item(r)}\n    {sentence(r)}\n- {item(r)}"


def org_numbers(r):
    return f"1. {item(r)}\n2. {item(r)}\n   1) {item(r)}\n   2) {item(r)}\n3. [@7] {item(r)}"


def org_loose(r):
    return f"- {item(r)}\n\n- {item(r)}\n\n  {sentence(r)}\n\n- {item(r)}\n\n\n{sentence(r)}"


def org_boxes(r):
    return f"- [ ] {item(r)}\n- [X] {item(r)}\n  - [-] {item(r)}\n- {item(r)} [1/2]"


def org_terms(r):
    return f"- {label(r)} :: {sentence(r)}\n- {label(r)} :: {item(r)}\n\n  {sentence(r)}"


def org_table(r):
    rows = grid(r)
    line = "|" + "+".join("---" for _ in rows[0]) + "|"
    body = ["| " + " | ".join(x) + " |" for x in rows]
    return "\n".join(["#+CAPTION: " + label(r)] * r.randrange(2) + [body[0], line] + body[1:] + [line] * r.randrange(2))


def org_sums(r):
    return f"| ! | {label(r)} | Cost |\n|---+---+---|\n| / | < | > |\n| # | *rope* | {r.randrange(99)} |\n| | <l10> | <r> |\n|   | [[https://a.example][link]] | |\n#+TBLFM: $3=vsum(@1..@2)"


def org_code(r):
    kind = r.choice(["src python", "SRC sh :results output", "example", "src emacs-lisp :exports both", "src python :exports none", "src sh :exports results"])
    end = kind.split()[0]
    return f"#+{r.choice(['begin', 'BEGIN'])}_{kind}\n  level = {r.randrange(9)}\n    print(level)\n  ,* no headline\n#+{r.choice(['end', 'END'])}_{end}\n\n#+RESULTS:\n: {r.randrange(9)}\n:  more"


def org_blocks(r):
    return (f"#+begin_quote\n{sentence(r)}\n\n- {item(r)}\n#+end_quote\n\n#+begin_verse\n{label(r)}\n   {label(r)}\n#+end_verse\n\n#+begin_center\n{sentence(r)}\n#+end_center\n\n"
            f"#+begin_note\n{sentence(r)}\n#+end_note\n\n#+begin_export html\n<p>{sentence(r)}</p>\n#+end_export\n\n#+begin_comment\nnot shown\n#+end_comment")


def org_drawer(r):
    return f":NOTES:\n{sentence(r)}\n:END:\n\n# a comment\n{sentence(r)}\n# another\n{label(r)}"


def org_notes(r):
    n = r.randrange(10**6)
    return f"{sentence(r)}[fn:{n}] {sentence(r)}[fn:: {sentence(r)}] {label(r)}.[fn:in{n}:{label(r)}]\n\n[fn:{n}] {sentence(r)}\n\n{sentence(r)}"


def org_times(r):
    return f"Meeting on <2026-03-02 Mon 10:00> and [2026-03-03 Tue], <2026-03-04 Wed>--<2026-03-05 Thu>. {sentence(r)}"


def org_signs(r):
    return f"\\alpha and \\rightarrow{{}} and \\copy -- a --- b ... \"{label(r)}\" it's \\\\\nnext line. $x^2$ and \\(y_1\\) and \\[z\\] cost $5. {{{{{{name(x)}}}}}} @@html:<b>@@raw@@html:</b>@@ <<target>> call_sum(x=1) src_python{{1 + 1}}"


def org_latex(r):
    return f"\\begin{{equation}}\nx = {r.randrange(9)}\n\\end{{equation}}\n\n#+LATEX: \\newpage\n#+HTML: <b>{label(r)}</b>\n\n{sentence(r)}\n-----\n{sentence(r)}"


def org_paragraphs(r):
    return f"{wrapped(paragraph(r))}\n{label(r)}:\n- {item(r)}\n- {item(r)}\n{sentence(r)}\n\n{label(r)}\n\ncrew@harbour.example\n\n  indented {sentence(r)}"


ORG = [org_inline, org_links, org_bullets, org_numbers, org_loose, org_boxes, org_terms, org_table, org_sums, org_code, org_blocks, org_drawer, org_notes,
       org_times, org_signs, org_latex, org_paragraphs, md_languages, md_plain]


def org(r, count=10):
    def heading(level, text):
        out = "*" * level + " " + r.choice(["", "", "", "TODO ", "DONE ", "[#A] ", "TODO [#B] "]) + text + r.choice(["", "", " :tag:", "  :one:two:"])
        extra = r.random()
        if extra < .15:
            out += "\nSCHEDULED: <2026-03-02 Mon> DEADLINE: <2026-03-09 Mon>"
        elif extra < .3:
            out += "\n:PROPERTIES:\n:CUSTOM_ID: a%d\n:END:" % r.randrange(99)
        elif extra < .35:
            out += "\nCLOSED: [2026-03-02 Mon 10:00]\n:LOGBOOK:\nCLOCK: [2026-03-02 Mon 10:00]--[2026-03-02 Mon 11:00] =>  1:00\n:END:"
        return out
    head = r.choice(["", "#+TITLE: %s\n#+AUTHOR: N. Vogt\n#+OPTIONS: toc:nil\n\n" % label(r), "#+STARTUP: overview\n#+TODO: TODO NEXT | DONE\n\n"])
    return head + sections(r, ORG, heading, r.choice((3, 3, 5)), count)


# reStructuredText

def rst_inline(r):
    return wrapped(f"The *{label(r)}* and **{label(r)}** with ``code`` and `a title`, :sub:`2`, :sup:`3`, :emphasis:`e`, :strong:`s`, :literal:`l`, :ref:`part`, "
                   f":doc:`other page <page>`, :code:`x`. `{label(r)} <https://lock.example/a>`_ and https://bare.example/x. {sentence(r)}")


def rst_links(r):
    n = r.randrange(10**6)
    return f"A link to `the lock {n}`_ and weir{n}_ and `anonymous`__ and |sub{n}|. Crew at crew@harbour.example.\n\n.. _the lock {n}: https://lock.example\n.. _weir{n}: https://weir.example\n__ https://nowhere.example\n.. |sub{n}| replace:: {label(r)}"


def rst_bullets(r):
    return f"- {item(r)}\n- {item(r)}\n\n  * {item(r)}\n  * {item(r)}\n\n    + {item(r)}\n\n- {item(r)}\n  {item(r)}"


def rst_numbers(r):
    return f"1. {item(r)}\n2. {item(r)}\n\n   a) {item(r)}\n   b) {item(r)}\n\n3. {item(r)}\n\n#. {item(r)}\n#. {item(r)}\n\n(i) {item(r)}\n(ii) {item(r)}"


def rst_loose(r):
    return f"* {item(r)}\n\n  {sentence(r)}\n\n* {item(r)}\n\n* {item(r)}"


def rst_terms(r):
    return f"{label(r)}\n  {sentence(r)}\n\n{label(r)} : kind\n  {item(r)}\n\n:Author: N. Vogt\n:Level: {item(r)}\n:Long field: {sentence(r)}\n  {sentence(r)}\n\n-v, --verbose  {sentence(r)}\n-o FILE        {label(r)}\n/S             {label(r)}"


def rst_simple(r):
    rows = grid(r)
    widths = [max(len(x[k]) for x in rows) for k in range(len(rows[0]))]
    line = "  ".join("=" * w for w in widths)
    body = ["  ".join(c.ljust(w) for c, w in zip(x, widths)).rstrip() for x in rows]
    return "\n".join([line, body[0], line] + body[1:] + [line])


def rst_spans(r):
    return textwrap.dedent(f"""\
        =====  =====  ======
           Inputs     Output
        ------------  ------
          A      B    A or B
        =====  =====  ======
        False  {r.choice(['True ', 'False'])}  {label(r)[:6]}
        True   False  True
        =====  =====  ======""")


def rst_list_table(r):
    rows = grid(r, columns=3)
    return f".. list-table:: {label(r)}\n   :header-rows: 1\n   :widths: 10 20 30\n\n" + "\n".join(f"   * - {a}\n     - {b}\n     - {c}" for a, b, c in rows)


def rst_csv_table(r):
    rows = grid(r, columns=3)
    return f".. csv-table:: {label(r)}\n   :header: \"{rows[0][0]}\", \"{rows[0][1]}\", {rows[0][2]}\n\n" + "\n".join(f"   \"{a}\", \"{b}\", \"{c}\"" for a, b, c in rows[1:])


def rst_code(r):
    return f"{sentence(r)[:-1]}::\n\n  level = {r.randrange(9)}\n    more\n\n.. code-block:: python\n   :linenos:\n\n   def f():\n       pass\n\n.. code:: sh\n\n   ls\n\n>>> 1 + {r.randrange(9)}\n2\n\n::\n\n    literal\n\n.. parsed-literal::\n\n   *parsed* text"


def rst_admonitions(r):
    kind = r.choice("note warning tip important danger hint attention caution error".split())
    return f".. {kind}:: {sentence(r)}\n\n.. {kind}::\n\n   {sentence(r)}\n\n   - {item(r)}\n\n.. admonition:: {label(r)}\n\n   {sentence(r)}\n\n.. seealso:: {label(r)}\n\n.. versionadded:: 1.2\n   {label(r)}\n\n.. deprecated:: 2.0"


def rst_images(r):
    return f".. image:: lock.png\n   :alt: {label(r)}\n   :width: 100\n\n.. figure:: weir.jpg\n   :alt: weir\n\n   {sentence(r)}\n\n   {sentence(r)}\n\n.. |icon| image:: icon.png\n\n{sentence(r)} |icon| {label(r)}"


def rst_quotes(r):
    return f"{sentence(r)}\n\n  {sentence(r)}\n\n  -- N. Vogt\n\n.. epigraph::\n\n   {sentence(r)}\n\n.. pull-quote::\n\n   {sentence(r)}\n\n| {label(r)}\n|   {label(r)}\n| {label(r)}"


def rst_notes(r):
    n = r.randrange(10**6)
    return f"{sentence(r)} [#n{n}]_ {sentence(r)} [CIT{n}]_ and {label(r)}.\n\n.. [#n{n}] {sentence(r)}\n.. [CIT{n}] {sentence(r)}"


def rst_directives(r):
    return (f".. contents:: Contents\n   :depth: 2\n\n.. toctree::\n   :maxdepth: 2\n\n   one\n   two\n\n.. comment that nobody sees\n   more of it\n\n.. _target:\n\n{sentence(r)}\n\n.. raw:: html\n\n   <p>{sentence(r)}</p>\n\n"
            f".. topic:: {label(r)}\n\n   {sentence(r)}\n\n.. sidebar:: {label(r)}\n\n   {sentence(r)}\n\n.. rubric:: {label(r)}\n\n.. math::\n\n   x^2\n\n.. only:: html\n\n   {sentence(r)}\n\n.. function:: level(gate)\n\n   {sentence(r)}\n\n"
            f".. container:: box\n\n   {sentence(r)}\n\n.. class:: special\n\n{sentence(r)}\n\n.. include:: other.rst\n\n.. unicode:: 0xA9")


def rst_signs(r):
    return f"Escaped \\*stars\\* and 2 * 3 * 4 and a_b and _c and x\\ y -- dash --- long... \"{label(r)}\" it's & < > `single`. {sentence(r)}\n\n----------\n\n{sentence(r)}"


RST = [rst_inline, rst_links, rst_bullets, rst_numbers, rst_loose, rst_terms, rst_simple, rst_spans, rst_list_table, rst_csv_table, rst_code, rst_admonitions,
       rst_images, rst_quotes, rst_notes, rst_directives, rst_signs, md_span, md_blocks, md_languages, md_plain]


def rst(r, count=10):
    marks = r.choice(["=-~^\"", "=*-+.", "#=-~'"])
    over = r.random() < .4

    def heading(level, text):
        line = marks[level - 1] * (len(text) + r.randrange(2))
        return (line + "\n" if over and level < 3 else "") + text + "\n" + line
    head = r.choice(["", ":orphan:\n\n", ".. _start:\n\n"])
    title = heading(1, "The lock") + "\n\n" if r.random() < .5 else ""
    return head + title + sections(r, RST, heading, 4, count)
