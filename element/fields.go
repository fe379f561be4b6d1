package element

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// field is one key of the metadata on the wire.
type field struct {
	key   string
	write func(j *jsonWriter, key string, m *Metadata)
	read  func(m *Metadata, raw []byte) error
}

// fields are sorted by key, which is the order in which they are written.
var (
	fields  []field
	fieldOf map[string]field
)

func init() {
	fields = []field{
		str("filename", func(m *Metadata) *string { return &m.Filename }),
		str("file_directory", func(m *Metadata) *string { return &m.FileDirectory }),
		str("filetype", func(m *Metadata) *string { return &m.Filetype }),
		str("last_modified", func(m *Metadata) *string { return &m.LastModified }),
		list("languages", func(m *Metadata) *[]string { return &m.Languages }),
		integer("page_number", func(m *Metadata) **int { return &m.PageNumber }),
		str("page_name", func(m *Metadata) *string { return &m.PageName }),
		str("parent_id", func(m *Metadata) *string { return &m.ParentID }),
		integer("category_depth", func(m *Metadata) **int { return &m.CategoryDepth }),
		str("text_as_html", func(m *Metadata) *string { return &m.TextAsHTML }),
		list("emphasized_text_contents", func(m *Metadata) *[]string { return &m.EmphasizedTextContents }),
		list("emphasized_text_tags", func(m *Metadata) *[]string { return &m.EmphasizedTextTags }),
		list("link_texts", func(m *Metadata) *[]string { return &m.LinkTexts }),
		list("link_urls", func(m *Metadata) *[]string { return &m.LinkURLs }),
		str("header_footer_type", func(m *Metadata) *string { return &m.HeaderFooterType }),
		str("style_name", func(m *Metadata) *string { return &m.StyleName }),
		str("image_url", func(m *Metadata) *string { return &m.ImageURL }),
		str("image_base64", func(m *Metadata) *string { return &m.ImageBase64 }),
		str("image_mime_type", func(m *Metadata) *string { return &m.ImageMimeType }),
		list("sent_from", func(m *Metadata) *[]string { return &m.SentFrom }),
		list("sent_to", func(m *Metadata) *[]string { return &m.SentTo }),
		list("cc_recipient", func(m *Metadata) *[]string { return &m.CCRecipient }),
		list("bcc_recipient", func(m *Metadata) *[]string { return &m.BCCRecipient }),
		str("subject", func(m *Metadata) *string { return &m.Subject }),
		str("email_message_id", func(m *Metadata) *string { return &m.EmailMessageID }),
		str("signature", func(m *Metadata) *string { return &m.Signature }),
		str("attached_to_filename", func(m *Metadata) *string { return &m.AttachedToFilename }),
		str("url", func(m *Metadata) *string { return &m.URL }),
		str("table_id", func(m *Metadata) *string { return &m.TableID }),
		integer("chunk_index", func(m *Metadata) **int { return &m.ChunkIndex }),
		integer("num_carried_over_header_rows", func(m *Metadata) **int { return &m.NumCarriedOverHeaders }),
		str("is_extracted", func(m *Metadata) *string { return &m.IsExtracted }),
		str("table_extraction_method", func(m *Metadata) *string { return &m.TableExtractionMethod }),
		str("partitioner_type", func(m *Metadata) *string { return &m.PartitionerType }),
		{"is_continuation",
			func(j *jsonWriter, k string, m *Metadata) {
				if m.IsContinuation {
					j.boolean(k, true)
				}
			},
			func(m *Metadata, raw []byte) error { return json.Unmarshal(raw, &m.IsContinuation) }},
		{"link_start_indexes",
			func(j *jsonWriter, k string, m *Metadata) {
				if len(m.LinkStartIndexes) > 0 {
					members := make([]any, len(m.LinkStartIndexes))
					for i, n := range m.LinkStartIndexes {
						members[i] = n
					}
					j.any(k, members)
				}
			},
			func(m *Metadata, raw []byte) error { return json.Unmarshal(raw, &m.LinkStartIndexes) }},
		{"links", writeLinks, func(m *Metadata, raw []byte) error { return json.Unmarshal(raw, &m.Links) }},
		{"coordinates", writeCoordinates, func(m *Metadata, raw []byte) error { return json.Unmarshal(raw, &m.Coordinates) }},
		{"data_source", writeDataSource, func(m *Metadata, raw []byte) error { return json.Unmarshal(raw, &m.DataSource) }},
		{"detection_class_prob",
			func(j *jsonWriter, k string, m *Metadata) {
				if m.DetectionClassProb != nil {
					j.key(k)
					j.float(j.rounded(*m.DetectionClassProb, 5))
				}
			},
			func(m *Metadata, raw []byte) error { return json.Unmarshal(raw, &m.DetectionClassProb) }},
		{"enrichment_origins",
			func(j *jsonWriter, k string, m *Metadata) {
				if len(m.EnrichmentOrigins) > 0 {
					j.any(k, m.EnrichmentOrigins)
				}
			},
			func(m *Metadata, raw []byte) error { return json.Unmarshal(raw, &m.EnrichmentOrigins) }},
		{"orig_elements",
			func(j *jsonWriter, k string, m *Metadata) {
				switch {
				case m.packed != "":
					j.text(k, m.packed)
				case len(m.OrigElements) > 0:
					j.text(k, Pack(m.OrigElements))
				}
			},
			// Kept as it is: most readers pass it on unread. Originals unpacks it.
			func(m *Metadata, raw []byte) error { return json.Unmarshal(raw, &m.packed) }},
	}
	slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.key, b.key) })
	fieldOf = make(map[string]field, len(fields))
	for _, f := range fields {
		fieldOf[f.key] = f
	}
}

func str(key string, of func(*Metadata) *string) field {
	return field{key,
		func(j *jsonWriter, k string, m *Metadata) { j.optional(k, *of(m)) },
		func(m *Metadata, raw []byte) error { return json.Unmarshal(raw, of(m)) }}
}

func list(key string, of func(*Metadata) *[]string) field {
	return field{key,
		func(j *jsonWriter, k string, m *Metadata) { j.strings(k, *of(m)) },
		func(m *Metadata, raw []byte) error { return json.Unmarshal(raw, of(m)) }}
}

func integer(key string, of func(*Metadata) **int) field {
	return field{key,
		func(j *jsonWriter, k string, m *Metadata) { j.integer(k, *of(m)) },
		func(m *Metadata, raw []byte) error { return json.Unmarshal(raw, of(m)) }}
}

func writeLinks(j *jsonWriter, k string, m *Metadata) {
	if len(m.Links) == 0 {
		return
	}
	members := make([]any, len(m.Links))
	for i, l := range m.Links {
		members[i] = map[string]any{"text": l.Text, "url": l.URL, "start_index": l.StartIndex}
	}
	j.any(k, members)
}

func writeCoordinates(j *jsonWriter, k string, m *Metadata) {
	c := m.Coordinates
	if c == nil {
		return
	}
	digits := 2
	if c.System == "PixelSpace" {
		digits = 1
	}
	j.key(k)
	j.open()
	j.key("layout_height")
	j.float(c.LayoutHeight)
	j.key("layout_width")
	j.float(c.LayoutWidth)
	j.key("points")
	j.b = append(j.b, '[')
	for i, p := range c.Points {
		if i > 0 {
			j.comma()
		}
		j.b = append(j.b, '[')
		j.float(j.rounded(p[0], digits))
		j.comma()
		j.float(j.rounded(p[1], digits))
		j.b = append(j.b, ']')
	}
	j.b = append(j.b, ']')
	j.text("system", c.System)
	j.close()
}

func writeDataSource(j *jsonWriter, k string, m *Metadata) {
	d := m.DataSource
	if d == nil {
		return
	}
	j.key(k)
	j.open()
	j.optional("date_created", d.DateCreated)
	j.optional("date_modified", d.DateModified)
	j.optional("date_processed", d.DateProcessed)
	if d.FilesizeBytes > 0 {
		j.key("filesize_bytes")
		j.b = strconv.AppendInt(j.b, d.FilesizeBytes, 10)
	}
	if len(d.PermissionsData) > 0 {
		members := make([]any, len(d.PermissionsData))
		for i, p := range d.PermissionsData {
			members[i] = p
		}
		j.any("permissions_data", members)
	}
	j.optional("permissions_version", d.PermissionsVersion)
	if len(d.RecordLocator) > 0 {
		j.any("record_locator", d.RecordLocator)
	}
	j.optional("url", d.URL)
	j.optional("version", d.Version)
	j.close()
}
