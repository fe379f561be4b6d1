"""Sentences and words of which the documents for the comparison with the reference library are made."""

SUBJECTS = "The pump|The keeper|A crew of five|The committee|Nobody|The north gate|Every boat|The old lock|A surveyor|The board".split("|")
VERBS = "replaced|inspected|closed|opened|measured|repaired|described|reported|forgot|moved".split("|")
OBJECTS = "the hinges of gate %d|the level at mark %d|the drawings of lock %d|the road for %d hours|%d metres of rope|the budget of %d thousand|a boat with %d people".split("|")
ENDS = "because it leaked|before the high water came|during the night|in early spring|after the meeting|although it rained|as the plan says".split("|")
NAMES = "Gate|Level|Keeper|Lock|Basin|Weir|Month|Cost|State|Depth".split("|")
VALUES = "open|closed|Alder|Birch|north|south|12|3.5|-7|1,204|4 %|2026-03-02|N. Vogt|under repair|Ada & Sons|n.a.".split("|")
LABELS = "Works of the spring|Level|Notes|Gates and weirs|Rope|Who was there|Next steps|A crew|Costs in 2026|THE OLD LOCK".split("|")
FOREIGN = {
    "de": "Die Schleuse wurde im Frühjahr geöffnet, weil das Wasser stieg. Niemand hatte damit gerechnet, dass die Pumpe ausfällt. Über die Kosten spricht der Ausschuss erst im Mai.",
    "fr": "L’écluse a été fermée pendant la nuit parce que la porte fuyait. Le gardien a mesuré le niveau d’eau à l’aube. Où sont les cordes, demandait-il à l’équipe.",
    "es": "La compuerta se cerró después de la reunión. ¿Quién midió el nivel del agua ayer por la mañana? El mañana traerá más lluvia, según el informe.",
    "pl": "Śluza została otwarta wczesną wiosną, zanim przyszła wysoka woda. Strażnik zmierzył poziom przy moście. Komisja spotka się w następnym tygodniu.",
    "ru": "Шлюз закрыли ночью, потому что ворота протекали. Смотритель измерил уровень воды у моста. Комиссия соберётся после праздников.",
    "el": "Η πύλη έκλεισε τη νύχτα επειδή έσταζε. Ο φύλακας μέτρησε τη στάθμη του νερού στη γέφυρα. Η επιτροπή συνεδριάζει αύριο το πρωί.",
    "ja": "水門は夜のあいだ閉じられていた。番人は橋のたもとで水位を測った。委員会は来週ふたたび開かれる。",
    "zh": "闸门在夜里关闭，因为它漏水。看守人在桥边测量了水位。委员会下周再次开会。",
    "ar": "أغلقت البوابة خلال الليل لأنها كانت تسرب الماء. قاس الحارس منسوب المياه عند الجسر. تجتمع اللجنة الأسبوع القادم.",
}


def sentence(r):
    return f"{r.choice(SUBJECTS)} {r.choice(VERBS)} {r.choice(OBJECTS) % r.randrange(2, 99)} {r.choice(ENDS)}."


def paragraph(r, low=3, high=6):
    return " ".join(sentence(r) for _ in range(r.randrange(low, high)))


def label(r):
    return r.choice(LABELS)


def item(r):
    """What stands in a list: a word or two, or a sentence."""
    return r.choice([label, sentence, lambda r: r.choice(VALUES)])(r)


def grid(r, rows=None, columns=None):
    """A head and rows of short values."""
    columns = columns or r.randrange(2, 5)
    rows = rows or r.randrange(2, 6)
    return [r.sample(NAMES, columns)] + [[r.choice(VALUES) for _ in range(columns)] for _ in range(rows)]
