"""Office documents for the comparison with the reference library, made with the library's own dependencies: Word documents,
presentations and workbooks of several pieces each, which LibreOffice then turns into the older and the open formats."""
import datetime

import docx
import docx.enum.section
import docx.enum.text
import docx.oxml
import docx.oxml.ns
import openpyxl
import openpyxl.styles
import pptx
import pptx.util

from words import FOREIGN, grid, item, label, paragraph, sentence

# Word documents


def word_plain(doc, r):
    for _ in range(2):
        doc.add_paragraph(paragraph(r))


def word_emphasis(doc, r):
    p = doc.add_paragraph("The ")
    p.add_run(label(r)).bold = True
    p.add_run(" and ")
    p.add_run(label(r)).italic = True
    p.add_run(" and ")
    both = p.add_run(label(r))
    both.bold = both.italic = True
    under = p.add_run(" underlined")
    under.underline = True
    p.add_run(" stay. " + sentence(r))
    doc.add_paragraph().add_run(label(r)).bold = True


def word_link(doc, r):
    p = doc.add_paragraph("See ")
    near = p.part.relate_to("https://lock.example/%d" % r.randrange(99), "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink", is_external=True)
    link = docx.oxml.OxmlElement("w:hyperlink")
    link.set(docx.oxml.ns.qn("r:id"), near)
    run = docx.oxml.OxmlElement("w:r")
    text = docx.oxml.OxmlElement("w:t")
    text.text = label(r)
    run.append(text)
    link.append(run)
    p._p.append(link)
    p.add_run(" for more. " + sentence(r))


def word_bullets(doc, r):
    for style in "List Bullet", "List Bullet", "List Bullet 2", "List Bullet 3", "List Bullet":
        doc.add_paragraph(item(r), style=style)


def word_numbers(doc, r):
    for style in "List Number", "List Number 2", "List Number", "List", "List Continue", "List Paragraph":
        doc.add_paragraph(item(r), style=style)


def word_table(doc, r):
    rows = grid(r)
    table = doc.add_table(len(rows), len(rows[0]))
    table.style = r.choice(["Table Grid", "Light List", "Normal Table"])
    for k, row in enumerate(rows):
        for n, value in enumerate(row):
            table.cell(k, n).text = value


def word_spans(doc, r):
    rows = grid(r, 4, 4)
    table = doc.add_table(len(rows), 4)
    for k, row in enumerate(rows):
        for n, value in enumerate(row):
            table.cell(k, n).text = value
    for a, b in ((0, 0), (0, 1)), ((1, 2), (3, 2)):
        for cell in {table.cell(*a), table.cell(*b)} - {table.cell(*a)}:
            cell.text = ""
        if a == (1, 2):
            table.cell(2, 2).text = ""
        table.cell(*a).merge(table.cell(*b))
    table.cell(4, 0).add_paragraph(sentence(r))


def word_nested(doc, r):
    table = doc.add_table(2, 2)
    table.cell(0, 0).text = label(r)
    inner = table.cell(0, 1).add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "inner", label(r)
    table.cell(1, 0).add_paragraph(item(r), style="List Bullet")
    table.cell(1, 1).paragraphs[0].add_run(label(r)).bold = True


def word_styles(doc, r):
    for style in "Quote", "Intense Quote", "Caption", "Subtitle", "No Spacing", "Body Text", "macro":
        doc.add_paragraph(r.choice([label, sentence])(r), style=style)


def word_breaks(doc, r):
    doc.add_paragraph(label(r)).add_run().add_break(docx.enum.text.WD_BREAK.LINE)
    p = doc.add_paragraph(label(r))
    p.add_run().add_break()
    p.add_run(sentence(r))
    doc.add_page_break()
    doc.add_paragraph("a\tb\t" + label(r))


def word_languages(doc, r):
    for k in r.sample(sorted(FOREIGN), 3):
        doc.add_paragraph(FOREIGN[k])


def word_signs(doc, r):
    doc.add_paragraph("• " + item(r))
    doc.add_paragraph("crew@harbour.example")
    doc.add_paragraph("Springfield, IL 62704")
    doc.add_paragraph("x")
    doc.add_paragraph("“Quotes” – dash — “" + label(r) + "” it’s 5 < 6 & 7 \u00a0 no break")
    doc.add_paragraph("")
    doc.add_paragraph("- " + sentence(r))


def word_section(doc, r):
    section = doc.add_section(r.choice([docx.enum.section.WD_SECTION.NEW_PAGE, docx.enum.section.WD_SECTION.CONTINUOUS]))
    if r.random() < .5:
        section.header.is_linked_to_previous = False
        section.header.paragraphs[0].text = label(r)
    doc.add_paragraph(sentence(r))


WORD = [word_plain, word_emphasis, word_link, word_bullets, word_numbers, word_table, word_spans, word_nested, word_styles, word_breaks, word_languages,
        word_signs, word_section]


def word(r, count=9):
    doc = docx.Document()
    if r.random() < .6:
        doc.sections[0].header.paragraphs[0].text = label(r)
        doc.sections[0].footer.paragraphs[0].text = r.choice([label(r), "N. Vogt, harbour office"])
    if r.random() < .5:
        doc.add_heading(label(r), 0)
    level = 1
    for k in range(count):
        level = r.randrange(1, min(level + 1, 4) + 1) if k else 1
        doc.add_heading(label(r), level)
        if r.random() < .5:
            doc.add_paragraph(paragraph(r))
        r.choice(WORD)(doc, r)
    return doc


# Presentations


def slide_bullets(show, r):
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = label(r)
    frame = slide.placeholders[1].text_frame
    frame.text = item(r)
    for level in 0, 1, 2, 0:
        p = frame.add_paragraph()
        p.text, p.level = item(r), level


def slide_title(show, r):
    slide = show.slides.add_slide(show.slide_layouts[0])
    slide.shapes.title.text = label(r)
    slide.placeholders[1].text = sentence(r)


def slide_two(show, r):
    slide = show.slides.add_slide(show.slide_layouts[3])
    slide.shapes.title.text = label(r)
    slide.placeholders[1].text = item(r) + "\n" + item(r)
    slide.placeholders[2].text = sentence(r)


def slide_table(show, r):
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = label(r)
    rows = grid(r)
    table = slide.shapes.add_table(len(rows), len(rows[0]), pptx.util.Inches(1), pptx.util.Inches(2), pptx.util.Inches(6), pptx.util.Inches(2)).table
    for k, row in enumerate(rows):
        for n, value in enumerate(row):
            table.cell(k, n).text = value
    if r.random() < .5 and len(rows[0]) > 2:
        table.cell(1, 1).text = ""
        table.cell(1, 0).merge(table.cell(1, 1))


def slide_boxes(show, r):
    slide = show.slides.add_slide(show.slide_layouts[6])
    for k in range(3):
        frame = slide.shapes.add_textbox(pptx.util.Inches(1 + r.randrange(5)), pptx.util.Inches(5 - 2 * k), pptx.util.Inches(3), pptx.util.Inches(1)).text_frame
        frame.text = item(r)
        p = frame.add_paragraph()
        run = p.add_run()
        run.text = label(r)
        run.font.bold = True
        if k == 1:
            run.hyperlink.address = "https://lock.example/"
            tail = p.add_run()
            tail.text = " " + sentence(r)


def slide_group(show, r):
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = label(r)
    group = slide.shapes.add_group_shape()
    for k in range(2):
        box = group.shapes.add_textbox(pptx.util.Inches(1 + 3 * k), pptx.util.Inches(3), pptx.util.Inches(2), pptx.util.Inches(1))
        box.text_frame.text = item(r)
    shape = slide.shapes.add_shape(1, pptx.util.Inches(2), pptx.util.Inches(5), pptx.util.Inches(2), pptx.util.Inches(1))
    shape.text_frame.text = label(r)


def slide_notes(show, r):
    slide_bullets(show, r)
    show.slides[len(show.slides) - 1].notes_slide.notes_text_frame.text = paragraph(r)


def slide_languages(show, r):
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = label(r)
    slide.placeholders[1].text = "\n".join(FOREIGN[k] for k in r.sample(sorted(FOREIGN), 2))


def slide_signs(show, r):
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = label(r) + "\n" + label(r)
    slide.placeholders[1].text = "crew@harbour.example\n\nx\n" + sentence(r) + "\vnext line\n• " + item(r)


SLIDES = [slide_bullets, slide_title, slide_two, slide_table, slide_boxes, slide_group, slide_notes, slide_languages, slide_signs]


def presentation(r, count=8):
    show = pptx.Presentation()
    for _ in range(count):
        r.choice(SLIDES)(show, r)
    return show


# Workbooks


def sheet_plain(sheet, r):
    for row in grid(r, 6, 4):
        sheet.append(row)


def sheet_numbers(sheet, r):
    sheet.append(["gate", "level", "cost", "day", "open", "share"])
    for k in range(6):
        sheet.append([k + 1, r.randrange(500), round(r.random() * 100, r.randrange(4)), datetime.date(2026, 3, k + 1), r.random() < .5, r.random()])
        sheet.cell(sheet.max_row, 6).number_format = "0%"


def sheet_bare(sheet, r):
    for k in range(5):
        sheet.append([k, r.randrange(10**r.randrange(1, 9)), None if k == 2 else k / 4, round(r.random() * 1000, 2)])


def sheet_blocks(sheet, r):
    sheet.append([label(r)])
    sheet.append([])
    for row in grid(r, 3, 3):
        sheet.append(row)
    sheet.append([])
    sheet.append([None, None, sentence(r)])
    sheet.append([])
    for row in grid(r, 3, 2):
        sheet.append([None] + row)
    sheet.append([sentence(r)])


def sheet_beside(sheet, r):
    a, b = grid(r, 4, 2), grid(r, 3, 2)
    for k, row in enumerate(a):
        for n, value in enumerate(row):
            sheet.cell(2 + k, 1 + n, value)
    for k, row in enumerate(b):
        for n, value in enumerate(row):
            sheet.cell(3 + k, 5 + n, value)


def sheet_merged(sheet, r):
    sheet_plain(sheet, r)
    for area in "A2:B2", "C3:C4":
        first = sheet[area.split(":")[0]]
        first.value = label(r)
        sheet.merge_cells(area)


def sheet_text(sheet, r):
    for k in range(5):
        sheet.append([r.choice([label, sentence, lambda r: "• " + item(r), lambda r: "1. " + item(r), lambda r: "crew@harbour.example", lambda r: "THE OLD LOCK"])(r)])
        if r.random() < .4:
            sheet.append([])


def sheet_values(sheet, r):
    sheet.append(["word", "value", "second"])
    for value in ["NA", "null", "n/a", "None", "", "#N/A", "TRUE", "007", " padded ", "line\nfeed", "<b>&\"'", "1e5"]:
        sheet.append([r.choice("ab"), value, datetime.datetime(2026, 3, 2, 10, r.randrange(60), r.randrange(60))])
    sheet.append(["x", datetime.time(10, 30), 12345678901234])
    sheet.append(["y", 1e-7, 1.5e20])


def sheet_formulas(sheet, r):
    sheet.append(["a", "b", "sum"])
    for k in range(2, 6):
        sheet.append([r.randrange(9), r.randrange(9) / 2, f"=A{k}+B{k}"])
    sheet.append(["=1/0", "=CONCATENATE(\"x\",\"y\")", "=A2>B2"])


def sheet_languages(sheet, r):
    for k in r.sample(sorted(FOREIGN), 4):
        sheet.append([k, FOREIGN[k]])


def sheet_empty(sheet, r):
    sheet.cell(1, 1).font = openpyxl.styles.Font(bold=True)


SHEETS = [sheet_plain, sheet_numbers, sheet_bare, sheet_blocks, sheet_beside, sheet_merged, sheet_text, sheet_values, sheet_formulas, sheet_languages, sheet_empty]


def workbook(r, count=4):
    book = openpyxl.Workbook()
    for k, piece in enumerate(r.sample(SHEETS, count)):
        sheet = book.active if k == 0 else book.create_sheet(r.choice(["Sheet", "Levels & costs", "Übersicht"]) + str(k))
        piece(sheet, r)
        if k == 2 and r.random() < .4:
            sheet.sheet_state = "hidden"
    return book
