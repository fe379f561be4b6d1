package chunk

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/element"
)

// consolidate sets a chunk's metadata over its elements: the first value, the concatenation, the union or the join, as
// the reference has it for each key; the rest is dropped.
func (s *settings) consolidate(m *element.Metadata, elements []element.Element) {
	var html []string
	for i := range elements {
		e := &elements[i].Metadata
		first(&m.AttachedToFilename, e.AttachedToFilename)
		first(&m.FileDirectory, e.FileDirectory)
		first(&m.Filename, e.Filename)
		first(&m.Filetype, e.Filetype)
		first(&m.LastModified, e.LastModified)
		first(&m.EmailMessageID, e.EmailMessageID)
		first(&m.PageName, e.PageName)
		first(&m.Signature, e.Signature)
		first(&m.Subject, e.Subject)
		first(&m.TableExtractionMethod, e.TableExtractionMethod)
		first(&m.URL, e.URL)
		firstList(&m.SentFrom, e.SentFrom)
		firstList(&m.SentTo, e.SentTo)
		firstList(&m.CCRecipient, e.CCRecipient)
		firstList(&m.BCCRecipient, e.BCCRecipient)
		if m.DataSource == nil {
			m.DataSource = e.DataSource
		}
		if m.PageNumber == nil {
			m.PageNumber = e.PageNumber
		}
		m.EmphasizedTextContents = concat(m.EmphasizedTextContents, e.EmphasizedTextContents)
		m.EmphasizedTextTags = concat(m.EmphasizedTextTags, e.EmphasizedTextTags)
		m.LinkTexts = concat(m.LinkTexts, e.LinkTexts)
		m.LinkURLs = concat(m.LinkURLs, e.LinkURLs)
		for _, l := range e.Languages {
			if !slices.Contains(m.Languages, l) {
				m.Languages = append(m.Languages, l)
			}
		}
		if e.TextAsHTML != "" {
			html = append(html, e.TextAsHTML)
		}
		for k, v := range e.EnrichmentOrigins {
			if m.EnrichmentOrigins == nil {
				m.EnrichmentOrigins = map[string]any{}
			}
			if _, ok := m.EnrichmentOrigins[k]; !ok {
				m.EnrichmentOrigins[k] = v
			}
		}
		if v, ok := e.Extra["table_as_cells"]; ok && m.Extra["table_as_cells"] == nil {
			m.Extra = map[string]any{"table_as_cells": v}
		}
		m.Extra = joinEntities(m.Extra, e.Extra)
	}
	m.TextAsHTML = strings.Join(html, " ")
	m.OrigElements = s.orig(elements)
}

func first(to *string, v string) {
	if *to == "" {
		*to = v
	}
}

func firstList(to *[]string, v []string) {
	if *to == nil {
		*to = v
	}
}

// concat does not write into the first list: it may be an element's own.
func concat(a, b []string) []string {
	if len(b) == 0 {
		return a
	}
	return append(a[:len(a):len(a)], b...)
}

// orig returns the elements for metadata.orig_elements, each without its own, or nil when they are not wanted.
func (s *settings) orig(elements []element.Element) []element.Element {
	if !s.originals {
		return nil
	}
	out := slices.Clone(elements)
	for i := range out {
		out[i].Metadata = out[i].Metadata.WithoutOriginals()
	}
	return out
}

// joinEntities adds the entities and relationships of an element to those of its chunk, each once. Maps of elements stay as
// they are.
func joinEntities(to, from map[string]any) map[string]any {
	found, ok := from["entities"].(map[string]any)
	if !ok {
		return to
	}
	joined := map[string]any{}
	before, _ := to["entities"].(map[string]any)
	for _, part := range []string{"items", "relationships"} {
		list, _ := before[part].([]any)
		list = slices.Clone(list)
		more, _ := found[part].([]any)
		for _, v := range more {
			if !slices.ContainsFunc(list, func(w any) bool { return reflect.DeepEqual(v, w) }) {
				list = append(list, v)
			}
		}
		if list == nil {
			list = []any{}
		}
		joined[part] = list
	}
	out := maps.Clone(to)
	if out == nil {
		out = map[string]any{}
	}
	out["entities"] = joined
	return out
}
