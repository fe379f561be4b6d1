package enrich

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/jdkato/prose/v3"

	"github.com/sluicehq/sluice/model"
)

// entities is the shape of metadata.entities.
type entities struct {
	Items         []entity       `json:"items"`
	Relationships []relationship `json:"relationships"`
}

type entity struct {
	Entity string `json:"entity"`
	Type   string `json:"type"`
}

type relationship struct {
	From         string `json:"from"`
	Relationship string `json:"relationship"`
	To           string `json:"to"`
}

// entitiesOf reads an answer. What is incomplete in it is left out.
func entitiesOf(answer string) (any, error) {
	var e entities
	if err := json.Unmarshal([]byte(unfenced(answer)), &e); err != nil {
		return nil, badAnswer("the entities are no JSON")
	}
	out := entities{Items: []entity{}, Relationships: []relationship{}}
	seen := map[entity]bool{}
	for _, i := range e.Items {
		if i.Entity != "" && i.Type != "" && !seen[i] {
			seen[i] = true
			out.Items = append(out.Items, i)
		}
	}
	for _, r := range e.Relationships {
		if r.From != "" && r.Relationship != "" && r.To != "" {
			out.Relationships = append(out.Relationships, r)
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	var shown map[string]any
	return shown, json.Unmarshal(text, &shown)
}

// Local finds entities without a provider: persons, places and organisations in English texts, by a small statistical
// model inside the program. It knows no relationships, and less than a language model does.
type Local struct{}

// Chat answers the questions of task NER alone; the text is what stands behind the last "Text:" line of the prompt.
func (Local) Chat(ctx context.Context, p model.Prompt) (model.Answer, error) {
	if err := ctx.Err(); err != nil {
		return model.Answer{}, err
	}
	text := p.Parts[len(p.Parts)-1].Text
	if _, after, ok := strings.Cut(text, "\nText:\n"); ok {
		text = after
	}
	d, err := prose.NewDocument(text)
	if err != nil {
		return model.Answer{}, badAnswer("the text cannot be cut into words")
	}
	e := entities{Items: []entity{}, Relationships: []relationship{}}
	for _, found := range d.Entities() {
		kind, ok := localTypes[found.Label]
		if ok {
			e.Items = append(e.Items, entity{found.Text, kind})
		}
	}
	answer, err := json.Marshal(e)
	return model.Answer{Text: string(answer)}, err
}

var localTypes = map[string]string{"PERSON": "PERSON", "GPE": "LOCATION", "LOCATION": "LOCATION", "ORG": "ORGANIZATION", "ORGANIZATION": "ORGANIZATION"}
