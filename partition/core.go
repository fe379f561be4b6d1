package partition

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/crypt"
	"github.com/sluicehq/sluice/partition/filetype"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/language"
	"github.com/sluicehq/sluice/partition/ole"
	"github.com/sluicehq/sluice/partition/pdf"
	"github.com/sluicehq/sluice/partition/raster"
)

// partition finds the type, runs its parser and finishes what that gives: chunks where asked, then languages, file type
// and name, ids, parents, in the reference's order.
func partition(ctx context.Context, f document.File, o Options) (finished iter.Seq[element.Element], err error) {
	defer func() {
		if v := recover(); v != nil {
			finished, err = nil, budget.Panicked(v)
		}
	}()
	b, err := o.begin(f)
	if err != nil {
		return nil, err
	}
	t, err := o.detect(f, b)
	if err != nil || t == filetype.Empty {
		return slices.Values[[]element.Element](nil), err
	}
	if f, t, err = o.unlock(ctx, f, t, b); err != nil {
		return nil, err
	}
	if stream, ok := streamers[t]; ok && o.Chunk == nil { // chunks are made of all elements
		elements, err := stream(ctx, f, o.format(t), b)
		if err != nil {
			return nil, err
		}
		return o.finishEach(elements, f, t), nil
	}
	elements, err := o.parse(ctx, f, t, b, 0)
	if err != nil {
		return nil, err
	}
	for i := range elements {
		if err := b.Element(len(elements[i].Text)); err != nil {
			return nil, err
		}
	}
	if elements, err = o.finish(elements, f, t); err != nil {
		return nil, err
	}
	return slices.Values(elements), nil
}

// begin opens the budget of a file.
func (o *Options) begin(f document.File) (*budget.Budget, error) {
	if o.Limits == (budget.Limits{}) {
		o.Limits = budget.Default
	}
	if o.Limits.Bytes > 0 && f.Size > o.Limits.Bytes {
		return nil, budget.Errorf(budget.TooLarge, "the file has %d bytes; at most %d are read", f.Size, o.Limits.Bytes)
	}
	b := budget.New(o.Limits)
	b.Packed(f.Size)
	return b, nil
}

// detect finds the type of a file, with what its sender says of it as a hint.
func (o Options) detect(f document.File, b *budget.Budget) (filetype.Type, error) {
	hint := o.ContentType
	if hint == "" {
		hint = f.MIMEType
	}
	return filetype.Detect(f, hint, b)
}

// parse runs the parser of a type. depth counts the files around this one.
func (o Options) parse(ctx context.Context, f document.File, t filetype.Type, b *budget.Budget, depth int) ([]element.Element, error) {
	parse, ok := parsers[t]
	if !ok {
		return nil, unsupported(t, f.Name)
	}
	settings := o.format(t)
	if depth > 0 { // a page inside another file was not written for it
		settings.LabelledHTML = false
	}
	if !o.SkipAttachments {
		settings.Nested = func(ctx context.Context, f document.File) ([]element.Element, error) {
			if depth >= maxNested {
				return nil, budget.Errorf(budget.TooLarge, "messages or other files nest more than %d deep; take them apart, or set process_attachments to false", maxNested)
			}
			t, err := filetype.Detect(f, f.MIMEType, b)
			if err != nil || t == filetype.Empty {
				return nil, err
			}
			if f, t, err = o.unlock(ctx, f, t, b); err != nil {
				return nil, err
			}
			found, err := o.parse(ctx, f, t, b, depth+1)
			for i := range found {
				if m := &found[i].Metadata; m.Filename == "" {
					m.Filename, m.Filetype = f.Name, t.MIME
				}
			}
			return found, err
		}
	}
	return parse(ctx, f, settings, b)
}

// unlock decrypts an office file of the XML kinds or another container and finds its type; any other file is given back as
// it is.
func (o Options) unlock(ctx context.Context, f document.File, t filetype.Type, b *budget.Budget) (document.File, filetype.Type, error) {
	name := f.Name
	if name == "" {
		name = "the file"
	}
	var content []byte
	var err error
	switch t {
	case filetype.EncryptedOffice:
		container, err := ole.Open(f, b)
		if errors.Is(err, ole.ErrNotOLE) {
			err = ole.Damaged()
		}
		if err != nil {
			return f, t, err
		}
		if content, err = crypt.Package(ctx, container, name, o.Password, b); err != nil {
			return f, t, err
		}
	case filetype.DOCX, filetype.PPTX, filetype.XLSX, filetype.ODT, filetype.ODS, filetype.ODP, filetype.EPUB, filetype.ZIP:
		if content, err = crypt.Container(ctx, f, name, o.Password, b); content == nil || err != nil {
			return f, t, err
		}
	default:
		return f, t, nil
	}
	f = document.NewFile(f.Name, "", int64(len(content)), bytes.NewReader(content))
	if t, err = filetype.Detect(f, "", b); err == nil && t == filetype.EncryptedOffice {
		err = ole.Damaged()
	}
	return f, t, err
}

// maxNested is how deep files may stand inside files.
const maxNested = 32

// unsupported names the type, and what to do.
func unsupported(t filetype.Type, name string) error {
	if t == filetype.Unknown {
		what := "its content"
		if ext := path.Ext(name); ext != "" {
			what += " and its extension " + ext
		}
		return budget.Errorf(budget.Unsupported,
			"File type %s is not supported. Neither %s tells what the file is.", t.MIME, what)
	}
	return budget.Errorf(budget.Unsupported, "File type %s is not supported. Convert the file to one of: %s.",
		t.MIME, strings.Join(supported(), ", "))
}

// supported lists the types that have a parser.
func supported() []string {
	var names []string
	for t := range parsers {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	return names
}

// format gives the settings that parsers look at.
func (o Options) format(t filetype.Type) format.Options {
	return format.Options{
		Strategy:           o.Strategy,
		IncludePageBreaks:  o.IncludePageBreaks,
		StartingPageNumber: o.StartingPageNumber,
		Encoding:           o.Encoding,
		Password:           o.Password,
		Pages:              o.Pages,
		MaxPages:           o.MaxPages,
		IncludeSlideNotes:  o.IncludeSlideNotes,
		XMLKeepTags:        o.XMLKeepTags,
		LabelledHTML:       o.HTMLParserVersion == "v2",
		SkipMargins:        o.SkipHeadersFooters,
		SkipHidden:         o.SkipHiddenText,
		NoTableHTML:        slices.ContainsFunc(o.SkipInferTableTypes, func(s string) bool { return names(s, t) }),
		InferTables:        o.InferTableStructure,
		OCR:                o.OCR,
		OCRLanguages:       o.Languages,
		ImageBlocks:        o.ImageBlockTypes,
		ScratchDir:         o.ScratchDir,
		Cells:              o.Cells,
		Route:              o.Route,
	}
}

// names tells whether a word of skip_infer_table_types means a type: its name or another of its extensions.
func names(word string, t filetype.Type) bool {
	word = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(word), "."))
	if word == t.Name {
		return true
	}
	named, ok := filetype.ByExtension("x." + word)
	return ok && named == t
}

// finish does what is the same for all formats.
func (o Options) finish(elements []element.Element, f document.File, t filetype.Type) ([]element.Element, error) {
	if len(o.ExcludeElements) > 0 {
		var left map[string]any
		elements = slices.DeleteFunc(elements, func(e element.Element) bool {
			out := o.excludes(e)
			if out {
				left = aboutFile(left, e)
			}
			return out
		})
		if len(elements) > 0 {
			giveAboutFile(left, &elements[0])
		}
	}
	if o.Chunk != nil || o.UniqueElementIDs {
		for i := range elements {
			if elements[i].ID == "" {
				elements[i].ID = element.NewID()
			}
		}
	}
	if o.Chunk != nil {
		chunks, err := o.Chunk(elements)
		if err != nil {
			return nil, err
		}
		elements = chunks
	}
	filename := o.filename(f)
	for i := range elements {
		o.describe(&elements[i].Metadata, filename, t)
	}
	hashers := map[string]*element.Hasher{} // by file name, so that ids differ where two attachments have one name
	for of := range files(elements) {
		o.setLanguages(of)
		if name := of[0].Metadata.Filename; !o.UniqueElementIDs {
			if hashers[name] == nil {
				hashers[name] = element.NewHasher(name)
			}
			element.AssignIDs(of, hashers[name])
		}
		element.AssignParents(of)
	}
	return elements, nil
}

// finishEach is finish for the elements of one file that come one by one and are not chunked. It holds back those that the languages are
// found with.
func (o Options) finishEach(elements iter.Seq[element.Element], f document.File, t filetype.Type) iter.Seq[element.Element] {
	return func(yield func(element.Element) bool) {
		filename := o.filename(f)
		hasher := element.NewHasher(filename)
		var parents element.Parents
		var first []element.Element
		var text int // bytes of theirs
		var language func(*element.Element)
		give := func(e element.Element) bool {
			language(&e)
			if o.UniqueElementIDs {
				e.ID = element.NewID()
			} else {
				e.ID = hasher.ID(e)
			}
			parents.Assign(&e)
			return yield(e)
		}
		giveFirst := func() bool {
			language = o.language(first)
			for _, e := range first {
				if !give(e) {
					return false
				}
			}
			first = nil
			return true
		}
		var left map[string]any
		for e := range elements {
			if o.excludes(e) {
				left = aboutFile(left, e)
				continue
			}
			giveAboutFile(left, &e)
			left = nil
			o.describe(&e.Metadata, filename, t)
			switch {
			case language != nil:
				if !give(e) {
					return
				}
			default:
				first = append(first, e)
				if text += len(e.Text) + 1; text > maxDetect+1 && !giveFirst() {
					return
				}
			}
		}
		if language == nil {
			giveFirst()
		}
	}
}

// aboutFile adds to what elements that are left out say of their whole file.
func aboutFile(to map[string]any, e element.Element) map[string]any {
	for _, key := range pdf.AboutFile {
		if v, ok := e.Metadata.Extra[key]; ok {
			if to == nil {
				to = map[string]any{}
			}
			to[key] = v
		}
	}
	return to
}

func giveAboutFile(left map[string]any, e *element.Element) {
	for key, v := range left {
		raster.Note(e, key, v)
	}
}

// excludes tells whether elements of e's type are left out.
func (o Options) excludes(e element.Element) bool {
	return slices.ContainsFunc(o.ExcludeElements, func(name string) bool { return strings.EqualFold(name, string(e.Type)) })
}

// filename is the name that elements carry: without folders, "" for none.
func (o Options) filename(f document.File) string {
	name := o.Filename
	if name == "" {
		name = f.Name
	}
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == "/" {
		return ""
	}
	return name
}

// describe sets what the metadata of all elements say of the file.
func (o Options) describe(m *element.Metadata, filename string, t filetype.Type) {
	if m.AttachedToFilename == "" { // an attachment has its own name and type
		m.Filename, m.Filetype = filename, t.MIME
	}
	m.FileDirectory = o.FileDirectory
	if o.LastModified != "" {
		m.LastModified = o.LastModified
	}
	if o.URL != "" {
		m.URL = o.URL
	}
	if !o.Coordinates {
		m.Coordinates = nil
	}
}

// files cuts the elements of a message and its attachments into those of one file each, in order.
func files(elements []element.Element) iter.Seq[[]element.Element] {
	return func(yield func([]element.Element) bool) {
		for start, i := 0, 1; i <= len(elements); i++ {
			if i < len(elements) {
				last, next := &elements[start].Metadata, &elements[i].Metadata
				if last.Filename == next.Filename && last.AttachedToFilename == next.AttachedToFilename {
					continue
				}
			}
			if !yield(elements[start:i]) {
				return
			}
			start = i
		}
	}
}

// maxDetect is how much text is put together for the detector, which looks at no more: bytes.
const maxDetect = 64 << 10

// setLanguages sets the languages of the elements of a file.
func (o Options) setLanguages(elements []element.Element) {
	set := o.language(elements)
	for i := range elements {
		set(&elements[i])
	}
}

// language returns how the languages of elements are set. It classifies the whole text of those that are given, the first of a file, at once
// and, when that gives more than one language, each element by itself.
func (o Options) language(elements []element.Element) (set func(*element.Element)) {
	if len(o.Languages) == 1 && o.Languages[0] == "" {
		return func(*element.Element) {}
	}
	var given []string
	for _, name := range o.Languages {
		if code := language.Code(name); language.Known(name) && !slices.Contains(given, code) {
			given = append(given, code)
		}
	}
	each := func(e *element.Element) { e.Metadata.Languages = language.Detect(e.Text) }
	if given == nil && o.DetectPerElement {
		return each
	}
	found := given
	if given == nil {
		var text strings.Builder
		for i := range elements {
			if i > 0 {
				text.WriteByte(' ')
			}
			text.WriteString(elements[i].Text)
			if text.Len() > maxDetect {
				break
			}
		}
		if found = language.Detect(text.String()); len(found) > 1 {
			return each
		}
	}
	return func(e *element.Element) { e.Metadata.Languages = found }
}
