package main

import (
	"math/rand/v2"
	"strings"
	"unicode"
)

// language is a script with words, from which texts are made that mean nothing but look like text.
type language struct {
	Code   string // BCP 47
	Words  []string
	Stop   string // ends a sentence
	Comma  string
	Space  string // between words, "" in scripts without
	Right  bool   // written from right to left
	Fonts  []string
	Mono   bool // has no capital letters
	Months []string
}

func words(s string) []string { return strings.Fields(s) }

var languages = map[string]*language{
	"en": {Code: "en", Stop: ".", Comma: ",", Space: " ", Fonts: []string{"Liberation Serif", "Liberation Sans", "Carlito", "Caladea", "DejaVu Sans", "DejaVu Serif", "Noto Serif", "Noto Sans", "TeX Gyre Pagella", "TeX Gyre Termes", "TeX Gyre Heros", "TeX Gyre Schola"}},
	"de": {Code: "de", Stop: ".", Comma: ",", Space: " ", Fonts: []string{"Liberation Serif", "Liberation Sans", "Noto Serif", "Carlito"}, Words: words(`
		der Bericht die Prüfung das Wasser ein Gerät eine Brücke ist war wird zeigt prüft misst liefert nach vor unter über zwischen
		Leistung Messung Zustand Anlage Sicherheit Größe Höhe Straße Gebäude Fläche jährlich täglich deutlich gering neu alt schnell
		Lieferung Vertrag Gemeinde Haushalt Versorgung Wartung und oder aber weil damit sobald mehrere wenige alle Übersicht`)},
	"fr": {Code: "fr", Stop: ".", Comma: ",", Space: " ", Fonts: []string{"Liberation Serif", "Noto Sans", "Caladea", "TeX Gyre Termes"}, Words: words(`
		le rapport la mesure les données une réponse un contrôle est était sera montre vérifie fournit après avant sous entre
		sécurité qualité débit énergie été région forêt pièce marché élève détail chaque année plusieurs peu tous grande petite
		récente régulière service contrat commune budget entretien réseau et ou mais donc lorsque afin où déjà très`)},
	"es": {Code: "es", Stop: ".", Comma: ",", Space: " ", Fonts: []string{"Liberation Sans", "Noto Serif", "Carlito"}, Words: words(`
		el informe la medida los datos una revisión un control es era será muestra entrega después antes bajo entre
		seguridad calidad caudal energía región bosque pieza mercado año cada varios pocos todos grande pequeña reciente
		regular servicio contrato municipio presupuesto mantenimiento red y o pero cuando donde también según niños mañana`)},
	"pl": {Code: "pl", Stop: ".", Comma: ",", Space: " ", Fonts: []string{"Liberation Serif", "DejaVu Sans", "Noto Sans"}, Words: words(`
		raport pomiar dane kontrola jest był będzie pokazuje sprawdza dostarcza po przed pod między bezpieczeństwo jakość
		przepływ energia źródło las część rynek każdy rok kilka mało wszystkie duży mały ostatni regularny usługa umowa gmina
		budżet utrzymanie sieć i lub ale gdy gdzie już bardzo łączny świeży wąski żółty ćwiczenie`)},
	"el": {Code: "el", Stop: ".", Comma: ",", Space: " ", Fonts: []string{"Liberation Serif", "DejaVu Sans", "Noto Serif", "Noto Sans"}, Words: words(`
		η έκθεση το νερό ένα έργο μια γέφυρα είναι ήταν δείχνει ελέγχει μετρά δίνει μετά πριν κάτω πάνω μεταξύ απόδοση μέτρηση
		κατάσταση ασφάλεια μέγεθος ύψος δρόμος κτίριο χώρος ετήσια καθαρά νέο παλιό γρήγορο σύμβαση δήμος και ή αλλά επειδή όταν
		πολλά λίγα όλα πίνακας σελίδα χρόνος ενέργεια δίκτυο`)},
	"ru": {Code: "ru", Stop: ".", Comma: ",", Space: " ", Fonts: []string{"Liberation Serif", "Liberation Sans", "DejaVu Serif", "Noto Sans"}, Words: words(`
		отчёт вода мост прибор здание дорога площадь проверка измерение состояние показывает проверяет даёт после перед под над
		между мощность безопасность размер высота ежегодно ясно новый старый быстрый договор город бюджет сеть и или но потому
		когда многие некоторые все таблица страница время энергия служба поставка ремонт лес край работа`)},
	"ar": {Code: "ar", Stop: ".", Comma: "،", Space: " ", Right: true, Mono: true, Fonts: []string{"Noto Naskh Arabic", "Noto Sans Arabic"}, Words: words(`
		التقرير الماء الجسر الجهاز المبنى الطريق المساحة الفحص القياس الحالة يظهر يقيس يعطي بعد قبل تحت فوق بين القدرة السلامة
		الحجم الارتفاع سنويا واضح جديد قديم سريع العقد المدينة الميزانية الشبكة و أو لكن لأن عندما كثير قليل كل الجدول الصفحة
		الوقت الطاقة الخدمة التوريد`)},
	"he": {Code: "he", Stop: ".", Comma: ",", Space: " ", Right: true, Mono: true, Fonts: []string{"Noto Sans Hebrew", "Noto Serif Hebrew", "DejaVu Sans"}, Words: words(`
		הדוח המים הגשר המכשיר הבניין הדרך השטח הבדיקה המדידה המצב מראה בודק נותן אחרי לפני מתחת מעל בין ההספק הבטיחות
		הגודל הגובה שנתי ברור חדש ישן מהיר החוזה העיר התקציב הרשת או אבל כי כאשר רבים מעטים כל הטבלה העמוד הזמן האנרגיה
		השירות האספקה`)},
	"zh": {Code: "zh", Stop: "。", Comma: "，", Mono: true, Fonts: []string{"Noto Sans CJK SC", "Noto Serif CJK SC"}, Words: words(`
		报告 水源 桥梁 设备 建筑 道路 面积 检查 测量 状态 显示 说明 提供 以后 以前 之间 功率 安全 大小 高度 每年 清楚 新的 旧的
		快速 合同 城市 预算 网络 和 或者 但是 因为 当时 许多 少数 全部 表格 页面 时间 能源 服务 供应 维修 森林 工作 结果 方法 部分 的 了`)},
	"ja": {Code: "ja", Stop: "。", Comma: "、", Mono: true, Fonts: []string{"Noto Sans CJK JP", "Noto Serif CJK JP"}, Words: words(`
		報告書 水道 橋 装置 建物 道路 面積 検査 測定 状態 を示す を調べる を与える の後に の前に の間に 出力 安全 大きさ 高さ
		毎年 明らかに 新しい 古い 速い 契約 都市 予算 ネットワーク と または しかし ので とき 多くの 少ない すべての 表 ページ 時間
		エネルギー サービス 供給 は が に で`)},
	"hi": {Code: "hi", Stop: "।", Comma: ",", Space: " ", Mono: true, Fonts: []string{"Noto Sans Devanagari", "Noto Serif Devanagari"}, Words: words(`
		रिपोर्ट पानी पुल यंत्र भवन सड़क क्षेत्र जाँच माप स्थिति दिखाता है देता बाद पहले नीचे ऊपर बीच शक्ति सुरक्षा आकार
		ऊँचाई वार्षिक स्पष्ट नया पुराना तेज़ अनुबंध नगर बजट जाल और या लेकिन क्योंकि जब कई कुछ सभी तालिका पृष्ठ समय ऊर्जा सेवा`)},
}

// The English words make sentences with subject, verb and object.
var (
	adjectives = words(`annual broad careful clear coarse common cold dense early empty even famous final fine firm fresh full general gentle
		good heavy high industrial inner large late level local long lower main modern narrow natural new northern old open outer
		plain polite popular private public quick quiet rare ready recent regional regular remote rough round rural second senior
		sharp short silent simple single slow small smooth solid southern special stable steady steep strong sudden thick thin
		typical unusual upper urban useful usual vast warm weak western whole wide young`)
	nouns = words(`account agency airport analysis apple archive audit bakery balance bank barley barrier basin battery beam bridge budget
		building cable canal carrier cement chapter circuit city clinic coast committee company compass contract copper cost council
		county course crane crop customer dairy dam data debt delivery deposit depth design detail device district dock document
		driver drought duty engine estate estimate export fabric factory farm ferry fibre field figure filter fleet flood forest
		frame freight fuel garden gauge glass grain grant gravel grid ground group growth harbour harvest heat highway hospital
		house import income index industry inspection insurance interest inventory invoice island journey kiln kitchen laboratory
		ladder lake layer lease ledger length lesson level library licence lime limit list loan machine manual map margin market
		material measure member meter method mill mine model motor museum network notice office orchard order outlet output owner
		paper parcel park payment pension permit phase pipe plan plant policy pond port power press price process product profit
		project pump purchase quarry rail rate record region rent repair report reserve result review ridge river road roof route
		rule salary sample sand schedule school sector sensor service shaft share shore signal site slope soil source station
		steel stock storage storm street student study summary supply survey system tank target tax team tender term test timber
		title tower town track trade traffic trial tunnel turbine unit valley value valve vessel village volume wage wall warehouse
		water weather weight well wheat wind window winter wire worker workshop yard year yield zone`)
	verbs = words(`accepts allows answers carries changes checks closes collects compares completes confirms connects contains controls covers
		crosses cuts delays delivers describes divides doubles employs ends enters explains exports feeds finds follows gives
		guides handles helps holds improves includes increases joins keeps leads leaves limits lists lowers maintains marks
		matches measures meets moves needs offers opens orders passes pays plans prepares presents prevents produces protects
		provides publishes pushes raises reaches receives records reduces refuses removes repairs replaces requires restores
		returns reviews saves sells sends separates serves shares shows signs starts stores studies supports takes tests tracks
		trains turns uses visits warns welcomes`)
	links = []string{"because", "although", "while", "when", "since", "where", "before", "after", "unless", "so that"}
	where = []string{"in the north", "near the coast", "during the winter", "at the end of the year", "under the new rules", "after a short delay", "for most of the time", "in nearly every district", "with great care", "on the first Monday", "by a wide margin", "in the second half"}
	names = words(`Alder Birch Cedar Dale Ellery Fenwick Garrow Hollis Ingram Jarvis Kestrel Lomond Marlow Norwood Oakley Penrose Quinby
		Rowan Selby Thorne Upton Vernon Westby Yarrow Zeller Ashby Brandon Colby Denham Exton`)
)

// writer makes texts of one language from a source of chance.
type writer struct {
	*rand.Rand
	lang *language
}

func pick[T any](w *writer, from []T) T { return from[w.IntN(len(from))] }

func (w *writer) chance(p float64) bool { return w.Float64() < p }

func (w *writer) between(a, b int) int { return a + w.IntN(b-a+1) }

// phrase returns n words without a stop, as in a heading.
func (w *writer) phrase(n int) string {
	var parts []string
	if w.lang.Code == "en" {
		for len(parts) < n {
			switch {
			case n-len(parts) >= 3 && w.chance(0.3):
				parts = append(parts, pick(w, nouns), pick(w, []string{"of", "and", "for", "in", "with"}))
			case w.chance(0.5):
				parts = append(parts, pick(w, adjectives))
			default:
				parts = append(parts, pick(w, nouns))
			}
		}
		if last := parts[len(parts)-1]; len(last) < 4 || strings.HasSuffix(last, "ith") || n > 1 {
			parts[len(parts)-1] = pick(w, nouns)
		}
	} else {
		for range n {
			parts = append(parts, pick(w, w.lang.Words))
		}
	}
	return w.capital(strings.Join(parts, w.lang.Space))
}

func (w *writer) capital(s string) string {
	if w.lang.Mono || s == "" {
		return s
	}
	r := []rune(s)
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

func (w *writer) sentence() string {
	if w.lang.Code != "en" {
		var s strings.Builder
		n := w.between(6, 18)
		for i := range n {
			if i > 0 {
				if i > 3 && i < n-3 && w.chance(0.12) {
					s.WriteString(w.lang.Comma)
				}
				s.WriteString(w.lang.Space)
			}
			if w.chance(0.02) {
				s.WriteString(w.number())
			} else {
				s.WriteString(pick(w, w.lang.Words))
			}
		}
		return w.capital(s.String()) + w.lang.Stop
	}
	s := w.capital(w.clause())
	if w.chance(0.45) {
		s += pick(w, []string{", ", " "}) + pick(w, links) + " " + w.clause()
	}
	switch {
	case w.chance(0.25):
		s += " " + pick(w, where)
	case w.chance(0.1):
		s += " (" + w.number() + " in " + w.year() + ")"
	case w.chance(0.08):
		s += ", as " + pick(w, names) + " noted"
	}
	return s + "."
}

func (w *writer) clause() string {
	return w.object() + " " + pick(w, verbs) + " " + w.object()
}

func (w *writer) object() string {
	s := pick(w, []string{"the", "the", "a", "each", "every", "this", "our"})
	if w.chance(0.55) {
		s += " " + pick(w, adjectives)
	}
	s += " " + pick(w, nouns)
	if w.chance(0.2) {
		s += " of the " + pick(w, nouns)
	}
	if strings.HasPrefix(s, "a ") && strings.ContainsRune("aeiou", rune(s[2])) {
		s = "an" + s[1:]
	}
	return s
}

func (w *writer) sentences(n int) string {
	var parts []string
	for range n {
		parts = append(parts, w.sentence())
	}
	return strings.Join(parts, w.lang.Space)
}

func (w *writer) number() string {
	switch w.IntN(5) {
	case 0:
		return digits(w.between(2, 99))
	case 1:
		return digits(w.between(1, 9)) + "." + digits(w.between(1, 9)) + "%"
	case 2:
		return grouped(w.between(1000, 9999999))
	case 3:
		return digits(w.between(1, 999)) + "." + digits(w.between(10, 99))
	default:
		return digits(w.between(100, 999))
	}
}

func (w *writer) year() string { return digits(w.between(1968, 2031)) }

func digits(n int) string {
	if n == 0 {
		return "0"
	}
	var s string
	for ; n > 0; n /= 10 {
		s = string(rune('0'+n%10)) + s
	}
	return s
}

// grouped writes thousands with commas.
func grouped(n int) string {
	s := digits(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
