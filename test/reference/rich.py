"""Rich Text for the comparison with the reference library, as word processors other than LibreOffice write it."""
from words import grid, item, label, sentence

HEAD = (r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\froman\fcharset0 Times New Roman;}{\f1\fswiss\fcharset204 Arial;}{\f2\fnil\fcharset2 Symbol;}}"
        r"{\colortbl ;\red255\green0\blue0;}{\stylesheet{\s0 Normal;}{\s1\outlinelevel0\b\fs32 heading 1;}{\s2\outlinelevel1\b heading 2;}{\s3 Quote;}}"
        r"{\*\listtable{\list\listtemplateid1{\listlevel\levelnfc23{\leveltext\'01\u8226 ?;}{\levelnumbers;}\fi-360\li720}{\listlevel\levelnfc23{\leveltext\'01o;}{\levelnumbers;}\fi-360\li1440}\listid1}"
        r"{\list\listtemplateid2{\listlevel\levelnfc0{\leveltext\'02\'00.;}{\levelnumbers\'01;}\fi-360\li720}\listid2}}"
        r"{\*\listoverridetable{\listoverride\listid1\listoverridecount0\ls1}{\listoverride\listid2\listoverridecount0\ls2}}"
        r"{\info{\title The lock}{\author N. Vogt}}{\*\generator Writer 1.0;}\viewkind4\uc1")


def plain(r):
    return rf"\pard\plain {sentence(r)} {sentence(r)}\par" + "\n" + rf"\pard {label(r)}\par"


def heading(r):
    return rf"\pard\plain\s{r.choice('12')}\outlinelevel{r.randrange(3)}\keepn\b\fs28 {label(r)}\b0\par" + "\n" + rf"\pard\plain {sentence(r)}\par"


def emphasis(r):
    return rf"\pard The {{\b {label(r)}}} and \i {label(r)}\i0  and {{\b\i both}}, {{\ul under}}, {{\strike gone}}, H{{\sub 2}}O. {sentence(r)}\par"


def link(r):
    return rf'\pard See {{\field{{\*\fldinst HYPERLINK "https://lock.example/{r.randrange(9)}"}}{{\fldrslt {{\ul {label(r)}}}}}}} for more. {sentence(r)}\par'


def table(r):
    out = []
    for row in grid(r):
        out.append(r"\trowd\trgaph70" + "".join(rf"\cellx{2000 * (k + 1)}" for k in range(len(row))) + "\n" + "".join(rf"\pard\intbl {c}\cell" for c in row) + r"\row")
    return "\n".join(out) + "\n" + rf"\pard {sentence(r)}\par"


def listed(r):
    return "\n".join(rf"{{\listtext\u8226 ?\tab}}\pard\ls1\ilvl{k}\fi-360\li{720 * (k + 1)} {item(r)}\par" for k in (0, 0, 1, 0)) + "\n" + rf"\pard {sentence(r)}\par"


def numbered(r):
    return "\n".join(rf"{{\listtext {k}.\tab}}\pard\ls2\fi-360\li720 {item(r)}\par" for k in (1, 2, 3)) + "\n" + rf"\pard {label(r)}\par"


def letters(r):
    return (r"\pard \'dcber die Stra\'dfe, caf\'e9, \u8220?quoted\u8221? \lquote so\rquote  \emdash  \endash  \bullet  a\~b \u1064?\u1083?\u1102?\u1079? \u26085\'3f 5 < 6 & 7 \{x\} \\"
            + rf" {sentence(r)}\par")


def note(r):
    return rf"\pard {sentence(r)}{{\super\chftn}}{{\footnote\pard\plain {{\super\chftn}} {sentence(r)}}} {sentence(r)}\par"


def breaks(r):
    return rf"\pard {label(r)}\line {label(r)}\par" + "\n" + r"\pard\par" + "\n" + rf"\pard a\tab b\tab {label(r)}\par\pard\page {sentence(r)}\par"


PIECES = [plain, heading, emphasis, link, table, listed, numbered, letters, note, breaks]


def document(r, count=9):
    return "\n".join([HEAD] + [r.choice(PIECES)(r) for _ in range(count)] + ["}"]).encode("ascii", "strict")
