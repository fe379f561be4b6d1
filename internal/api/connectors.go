package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/secret"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/spec"
)

// side serves the routes of sources or of destinations, which are alike.
type side struct {
	*server
	side store.Side
	name string // Source or Destination
	id   string // name of the path parameter
}

// connectorInfo is SourceConnectorInformation and DestinationConnectorInformation.
type connectorInfo struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Type      string         `json:"type"`
	Config    map[string]any `json:"config"`
	CreatedAt any            `json:"created_at"`
	UpdatedAt any            `json:"updated_at"`
}

func (s side) kind(id string) connector.Kind { return connector.For(connector.Side(s.side), id) }

func (s side) info(c store.Connector) (connectorInfo, error) {
	config, err := secret.Mask(s.kind(c.Type).Spec, c.Config)
	if err != nil {
		return connectorInfo{}, err
	}
	return connectorInfo{c.ID, c.Name, c.Type, config, stamp(c.CreatedAt), stamp(c.UpdatedAt)}, nil
}

func (s side) missing(err error, id string) error {
	return notFound(err, "%s with id %s not found", s.name, id)
}

func (s side) list(w http.ResponseWriter, r *request) error {
	q := queryOf(r)
	kind := q.text(string(s.side) + "_type")
	if i := strings.LastIndexByte(kind, '.'); i >= 0 { // SourceConnectorType.S3, as a careless client prints its enum
		kind = kind[i+1:]
	}
	if kind != "" {
		kind = s.kind(kind).Type
	}
	var all []store.Connector
	err := s.Store.View(r.Context(), func(v store.Reader) (err error) {
		all, err = v.Connectors(r.Context(), r.workspace, s.side, kind)
		return err
	})
	if err != nil {
		return err
	}
	out := make([]connectorInfo, 0, len(all))
	for _, c := range all {
		info, err := s.info(c)
		if err != nil {
			return err
		}
		out = append(out, info)
	}
	return respond(w, http.StatusOK, out)
}

var createConnector = spec.Spec{Fields: []spec.Field{
	{Name: "name", Kind: spec.String, Required: true},
	{Name: "type", Kind: spec.String, Required: true},
	{Name: "config", Kind: spec.Object, Required: true},
}}

func (s side) create(w http.ResponseWriter, r *request) error {
	body, err := object(w, r)
	if err != nil {
		return err
	}
	in, err := fields(createConnector, body)
	if err != nil {
		return err
	}
	for _, name := range []string{"name", "type"} {
		if strings.TrimSpace(in[name].(string)) == "" {
			return invalid(fieldError{Type: "string_too_short", Loc: []any{"body", name},
				Msg: "String should have at least 1 character", Input: in[name]})
		}
	}
	now := time.Now().UTC()
	kind := s.kind(in["type"].(string))
	c := store.Connector{
		ID: uuid.NewString(), Workspace: r.workspace, Side: s.side, Name: in["name"].(string), Type: kind.Type,
		CreatedAt: now, UpdatedAt: now,
	}
	if c.Config, err = s.seal(c, nil, in["config"].(map[string]any)); err != nil {
		return err
	}
	if err := s.Store.InTx(r.Context(), func(tx store.Tx) error { return tx.CreateConnector(r.Context(), c) }); err != nil {
		return err
	}
	return s.respond(w, c)
}

// seal decodes a config by its kind's spec, completes it with stored secrets, and seals it.
func (s side) seal(c store.Connector, stored json.RawMessage, config map[string]any) (json.RawMessage, error) {
	kind := s.kind(c.Type)
	decoded, found := kind.Spec.Decode(config)
	if len(found) > 0 {
		return nil, problems(found, "body", "config")
	}
	merged, found, err := s.Secrets.Merge(c.ID, kind.Spec, stored, decoded)
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		return nil, problems(found, "body", "config")
	}
	return s.Secrets.Seal(c.ID, kind.Spec, merged)
}

func (s side) respond(w http.ResponseWriter, c store.Connector) error {
	info, err := s.info(c)
	if err != nil {
		return err
	}
	return respond(w, http.StatusOK, info)
}

func (s side) get(w http.ResponseWriter, r *request) error {
	var c store.Connector
	err := s.Store.View(r.Context(), func(v store.Reader) (err error) {
		c, err = v.Connector(r.Context(), r.workspace, s.side, r.ids[s.id])
		return err
	})
	if err != nil {
		return s.missing(err, r.ids[s.id])
	}
	return s.respond(w, c)
}

// updateConnector ignores name and type: they never change.
var updateConnector = spec.Spec{Fields: []spec.Field{{Name: "config", Kind: spec.Object, Required: true}}}

func (s side) update(w http.ResponseWriter, r *request) error {
	body, err := object(w, r)
	if err != nil {
		return err
	}
	in, err := fields(updateConnector, body)
	if err != nil {
		return err
	}
	var c store.Connector
	err = s.Store.InTx(r.Context(), func(tx store.Tx) (err error) {
		if c, err = tx.Connector(r.Context(), r.workspace, s.side, r.ids[s.id]); err != nil {
			return err
		}
		if c.Config, err = s.seal(c, c.Config, in["config"].(map[string]any)); err != nil {
			return err
		}
		c.UpdatedAt = after(c.UpdatedAt)
		return tx.UpdateConnector(r.Context(), c)
	})
	if err != nil {
		return s.missing(err, r.ids[s.id])
	}
	return s.respond(w, c)
}

// after is now, and in any case later than t.
func after(t time.Time) time.Time {
	now := time.Now().UTC()
	if !now.After(t) {
		now = t.Add(time.Microsecond)
	}
	return now
}

func (s side) remove(w http.ResponseWriter, r *request) error {
	id := r.ids[s.id]
	err := s.Store.InTx(r.Context(), func(tx store.Tx) error {
		return tx.DeleteConnector(r.Context(), r.workspace, s.side, id)
	})
	if err != nil {
		return s.missing(err, id)
	}
	return respond(w, http.StatusOK, detail("%s with id %s successfully deleted.", s.name, id))
}

func detail(format string, args ...any) map[string]string {
	return map[string]string{"detail": fmt.Sprintf(format, args...)}
}

// checkInfo is DagNodeConnectionCheck.
type checkInfo struct {
	ID         string            `json:"id"`
	Status     store.CheckStatus `json:"status"`
	Reason     any               `json:"reason"`
	CreatedAt  any               `json:"created_at"`
	ReportedAt any               `json:"reported_at"`
}

func infoOfCheck(c store.Check) checkInfo {
	info := checkInfo{ID: c.ID, Status: c.Status, CreatedAt: stamp(c.CreatedAt), ReportedAt: stamp(c.ReportedAt)}
	if c.Reason != "" {
		info.Reason = c.Reason
	}
	return info
}

func (s side) startCheck(w http.ResponseWriter, r *request) error {
	c, err := s.Engine.CheckConnector(r.Context(), r.workspace, s.side, r.ids[s.id])
	if err != nil {
		return s.missing(err, r.ids[s.id])
	}
	return respond(w, http.StatusAccepted, infoOfCheck(c))
}

func (s side) getCheck(w http.ResponseWriter, r *request) error {
	id := r.ids[s.id]
	var c store.Check
	err := s.Store.View(r.Context(), func(v store.Reader) (err error) {
		if _, err = v.Connector(r.Context(), r.workspace, s.side, id); err != nil {
			return s.missing(err, id)
		}
		c, err = v.LatestCheck(r.Context(), r.workspace, s.side, id)
		return notFound(err, "No connection check found for %s %s; start one with POST", s.side, id)
	})
	if err != nil {
		return err
	}
	return respond(w, http.StatusOK, infoOfCheck(c))
}

// connectorTypes lists every type with the fields of its config and what its users must know.
func (s *server) connectorTypes(w http.ResponseWriter, _ *request) error {
	type kind struct {
		Type    string       `json:"type"`
		Title   string       `json:"title"`
		Aliases []string     `json:"aliases"`
		Built   bool         `json:"built"`
		Fields  []spec.Field `json:"fields"`
		// What docs/connectors shows beside the fields; absent from types that are not built.
		Guarantee   connector.Guarantee `json:"guarantee,omitempty"`
		Permissions string              `json:"permissions,omitempty"`
		Records     string              `json:"records,omitempty"`
		Notes       string              `json:"notes,omitempty"`
		Example     map[string]any      `json:"example,omitempty"`
	}
	list := func(side connector.Side) []kind {
		out := []kind{}
		for _, k := range connector.Kinds(side) {
			out = append(out, kind{
				Type: k.Type, Title: k.Title, Aliases: append([]string{}, k.Aliases...), Built: k.Built,
				Fields: append([]spec.Field{}, k.Spec.Fields...), Guarantee: k.Doc.Guarantee, Permissions: k.Doc.Permissions,
				Records: k.Doc.Records, Notes: k.Doc.Notes, Example: k.Doc.Example,
			})
		}
		return out
	}
	return respond(w, http.StatusOK, map[string]any{
		"sources": list(connector.SideSource), "destinations": list(connector.SideDestination),
	})
}
