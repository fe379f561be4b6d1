"""Outlook messages for the comparison with the reference library: the properties of a message as streams of a compound file
(MS-OXMSG), which the Go command beside packs. A message is {path: bytes}, with slashes between storages."""
import struct

from words import FOREIGN, item, label, paragraph, sentence

# Properties and their types (MS-OXPROPS, MS-OXCDATA).
TEXT, TEXT8, BINARY, LONG, TIME = 0x1F, 0x1E, 0x102, 0x3, 0x40
CLASS, SUBJECT, SENT, HEADERS, KIND, SENDER, SENDER_MAIL = 0x1A, 0x37, 0x39, 0x7D, 0xC15, 0xC1A, 0xC1F
BODY, HTML, ID, NAME, MAIL, CONTENT, METHOD = 0x1000, 0x1013, 0x1035, 0x3001, 0x3003, 0x3701, 0x3705
LONG_NAME, MIME, SMTP, PAGE, CODE_PAGE = 0x3707, 0x370E, 0x39FE, 0x3FDE, 0x3FFD


def storage(path, head, values):
    """The streams of a message, a recipient or an attachment; values are (property, type, value)."""
    out, table = {}, [head]
    for number, kind, value in values:
        if kind in (LONG, TIME):
            table.append(struct.pack("<HHIQ", kind, number, 6, value))
            continue
        data = value.encode("utf-16-le") if kind == TEXT else value
        out[f"{path}__substg1.0_{number:04X}{kind:04X}"] = data
        table.append(struct.pack("<HHIII", kind, number, 6, len(data) + {TEXT: 2, TEXT8: 1}.get(kind, 0), 0))
    out[path + "__properties_version1.0"] = b"".join(table)
    return out


def page(r):
    """An HTML body, as Outlook and other programs write them."""
    pieces = [
        lambda: f"<p class=MsoNormal>{sentence(r)}<o:p></o:p></p>",
        lambda: f"<h2>{label(r)}</h2><p>{paragraph(r)}</p>",
        lambda: f"<ul><li>{item(r)}</li><li>{item(r)}<ul><li>{item(r)}</li></ul></li></ul>",
        lambda: f"<table border=1><tr><th>{label(r)}</th><th>Cost</th></tr><tr><td>{label(r)}</td><td>{r.randrange(99)}</td></tr></table>",
        lambda: f"<div>{sentence(r)} <b>{label(r)}</b> <a href=\"https://lock.example/{r.randrange(9)}\">link</a></div>",
        lambda: f"<blockquote>{sentence(r)}</blockquote><br><div>{label(r)}</div>",
        lambda: f"<p>{FOREIGN[r.choice(sorted(FOREIGN))]}</p>",
    ]
    return "<html><head><style>p {margin:0}</style></head><body>" + "\r\n".join(r.choice(pieces)() for _ in range(7)) + "</body></html>"


def text(r):
    pieces = [lambda: paragraph(r), lambda: label(r), lambda: "\r\n".join("- " + item(r) for _ in range(3)), lambda: FOREIGN[r.choice(sorted(FOREIGN))],
              lambda: f"1. {item(r)}\r\n2. {item(r)}", lambda: f"> {sentence(r)}\r\n> {label(r)}", lambda: "crew@harbour.example", lambda: "-- \r\nN. Vogt\r\nHarbour office"]
    return "\r\n\r\n".join(r.choice(pieces)() for _ in range(7))


def message(r):
    values = [(CLASS, TEXT, "IPM.Note"), (SUBJECT, TEXT, label(r)), (SENT, TIME, 134_000_000_000_000_000 + r.randrange(10**9) * 10**6),
              (SENDER, TEXT, "Jürgen Vogt"), (SENDER_MAIL, TEXT, "vogt@harbour.example")]
    people = [("crew@harbour.example", 1), ("board@harbour.example", 2), ("hidden@harbour.example", 3)][:r.randrange(1, 4)]
    if r.random() < .6:
        values.append((HEADERS, TEXT, "From: Vogt <vogt@harbour.example>\r\nTo: crew@harbour.example\r\n" + "Cc: Board <board@harbour.example>, b@x.example\r\n" * (len(people) > 1)
                       + f"Message-ID: <{r.randrange(10**6)}@harbour.example>\r\n\r\n"))
    kind = r.randrange(5)
    if kind < 2:
        values += [(PAGE, LONG, 65001), (HTML, BINARY, page(r).encode())]
    elif kind == 2:
        values += [(PAGE, LONG, 1252), (HTML, BINARY, f"<p>{sentence(r)} Übersicht für {label(r)}</p>".encode("cp1252"))]
    elif kind == 3:
        values.append((HTML, TEXT, page(r)))
    values.append((BODY, TEXT, text(r)))
    files = [("notes.txt", "text/plain", "\n\n".join([paragraph(r), label(r)]).encode()), ("levels.csv", "text/csv", b"gate,level\nnorth,3\nsouth,4\n"),
             ("page.html", "text/html", page(r).encode()), ("odd.bin", "application/octet-stream", b"\x00\x01\x02")]
    files = r.sample(files, r.randrange(3))
    out = storage("", struct.pack("<8xIIII8x", len(people), len(files), len(people), len(files)), values)
    for k, (address, rank) in enumerate(people):
        out |= storage(f"__recip_version1.0_#{k:08X}/", bytes(8), [(NAME, TEXT, "Who " + address[0]), (SMTP if k else MAIL, TEXT, address), (KIND, LONG, rank)])
    for k, (name, media, data) in enumerate(files):
        out |= storage(f"__attach_version1.0_#{k:08X}/", bytes(8), [(LONG_NAME, TEXT, name), (MIME, TEXT, media), (METHOD, LONG, 1), (CONTENT, BINARY, data)])
    return out
