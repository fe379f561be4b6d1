package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/sluicehq/sluice/element"
)

// inputHash is the hex SHA-256 of everything that node i's output depends on. previous is the output of the node
// before; for the first node the content's version, the name and the data source stand in its place.
func (r *run) inputHash(i int, previous Output) string {
	n := r.in.Nodes[i]
	basis := struct {
		Version    string
		Previous   string              `json:",omitempty"`
		Content    string              `json:",omitempty"`
		Name       string              `json:",omitempty"`
		DataSource *element.DataSource `json:",omitempty"`
		Type       string
		Subtype    string
		Settings   map[string]any // maps are written with sorted keys
	}{Version: Version, Type: n.Type, Subtype: n.Subtype, Settings: n.Settings}
	if i > 0 {
		basis.Previous = previous.OutputHash
	} else {
		basis.Content, basis.Name, basis.DataSource = r.content, r.in.Name, undated(r.in.DataSource)
	}
	text, err := json.Marshal(basis)
	if err != nil { // a value that JSON has no form for: never equal to anything stored
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// undated leaves out when the document was processed: that differs with every attempt and changes nothing else.
func undated(d *element.DataSource) *element.DataSource {
	if d == nil || d.DateProcessed == "" {
		return d
	}
	c := *d
	c.DateProcessed = ""
	return &c
}
