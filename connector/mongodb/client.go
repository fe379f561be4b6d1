package mongodb

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/sluicehq/sluice/connector"
)

const (
	// selection is how long a server is looked for, and silence how long one call may take.
	selection = 15 * time.Second
	silence   = 2 * time.Minute
	// farewell is how long Close may take.
	farewell = 10 * time.Second
)

// remote is the collection of a config. It is safe for concurrent use, and connects when it is first used.
type remote struct {
	uri, database, name string
	where               string // the hosts, without credentials
	env                 connector.Env

	turn   chan struct{} // whoever holds its one place may look at client
	client *mongo.Client
}

// allowed are the ways to log in that use nothing but what the config holds.
var allowed = map[string]bool{"": true, "SCRAM-SHA-1": true, "SCRAM-SHA-256": true, "PLAIN": true}

// open reads a config. It connects to nothing.
func open(config map[string]any, env connector.Env) (*remote, error) {
	text := func(name string) string {
		s, _ := config[name].(string)
		return strings.TrimSpace(s)
	}
	r := &remote{uri: text("uri"), database: text("database"), name: text("collection"), env: env, turn: make(chan struct{}, 1)}
	scheme, rest, ok := strings.Cut(r.uri, "://")
	if !ok || scheme != "mongodb" && scheme != "mongodb+srv" {
		return nil, connector.Fail(nil, "uri: not an address of MongoDB; write mongodb://user:password@host:27017/ or mongodb+srv://user:password@host/")
	}
	place, query, _ := strings.Cut(rest, "?")
	hosts, _, _ := strings.Cut(place[strings.LastIndex(place, "@")+1:], "/")
	r.where = hosts
	if hosts == "" {
		return nil, connector.Fail(nil, "uri: it names no host; write mongodb://user:password@host:27017/")
	}
	given, err := url.ParseQuery(query)
	if err != nil {
		return nil, connector.Fail(nil, "uri: its options after the question mark cannot be read")
	}
	for name, values := range given {
		switch low := strings.ToLower(name); low {
		case "tlscafile", "tlscertificatekeyfile", "tlscertificatefile", "tlsprivatekeyfile", "sslcertificateauthorityfile", "sslclientcertificatekeyfile":
			return nil, connector.Fail(nil, "uri: %s names a file of the machine that runs sluice, which a config may not read", low)
		case "authmechanism":
			if !allowed[strings.ToUpper(values[len(values)-1])] {
				return nil, connector.Fail(connector.ErrForbidden, "uri: authMechanism: log in with SCRAM-SHA-256, SCRAM-SHA-1 or PLAIN, which need nothing of this machine")
			}
		}
	}
	switch {
	case r.database == "" || strings.ContainsAny(r.database, "/\\. \"$*<>:|?\x00"):
		return nil, connector.Fail(nil, "database %q: it is not the name of a database", r.database)
	case r.name == "" || strings.ContainsAny(r.name, "$\x00") || strings.HasPrefix(r.name, "system."):
		return nil, connector.Fail(nil, "collection %q: it is not the name of a collection that can be used", r.name)
	}
	return r, nil
}

// dialer is Env.Dial in the form of the driver.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d(ctx, network, address)
}

// collection connects if nobody has.
func (r *remote) collection(ctx context.Context) (*mongo.Collection, error) {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if r.client == nil {
		dial := r.env.Dial
		if dial == nil {
			dial = (&net.Dialer{Timeout: 30 * time.Second}).DialContext
		}
		o := options.Client().ApplyURI(r.uri).SetDialer(dialer(dial)).SetAppName("sluice").SetServerSelectionTimeout(selection).SetTimeout(silence).
			SetConnectTimeout(selection).SetMaxPoolSize(16).SetRetryReads(true).SetRetryWrites(true)
		if r.env.HTTP != nil {
			o.SetHTTPClient(r.env.HTTP) // for OCSP
		}
		if err := o.Validate(); err != nil { // its text may hold the address
			return nil, connector.Fail(nil, "uri: it is not an address that MongoDB's driver takes, or the name of its cluster is not known; copy it from the cluster's page")
		}
		client, err := mongo.Connect(o)
		if err != nil {
			return nil, connector.Fail(nil, "uri: it is not an address that MongoDB's driver takes; copy it from the cluster's page")
		}
		r.client = client
	}
	return r.client.Database(r.database).Collection(r.name), nil
}

// on runs work on the collection and makes the error for the user of what goes wrong.
func (r *remote) on(ctx context.Context, what string, work func(ctx context.Context, c *mongo.Collection) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c, err := r.collection(ctx)
	if err == nil {
		err = work(ctx, c)
	}
	return r.failed(ctx, what, err)
}

// there says whether the collection exists.
func (r *remote) there(ctx context.Context, c *mongo.Collection) (bool, error) {
	names, err := c.Database().ListCollectionNames(ctx, bson.D{{Key: "name", Value: r.name}})
	return slices.Contains(names, r.name), err // not every server heeds the filter
}

// missing is the error of a collection that is not there, with the statement that makes it.
func (r *remote) missing(what string) error {
	return connector.Fail(connector.ErrNotFound,
		"%s: database %q has no collection %q. This makes it, in mongosh: use %s; db.createCollection(%q); db.getCollection(%q).createIndex({record_id: 1})",
		what, r.database, r.name, r.database, r.name, r.name)
}

// Close implements both sides of connector.
func (r *remote) Close() error {
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	if r.client == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	client := r.client
	r.client = nil
	_ = client.Disconnect(ctx) // what is left is closed with its connections
	return nil
}
