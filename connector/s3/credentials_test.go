package s3

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/connectortest"
	server "github.com/sluicehq/sluice/internal/testserver/s3"
)

func TestCredentialsAreNeeded(t *testing.T) {
	for name, c := range map[string]struct {
		config map[string]any
		want   string
	}{
		"none":          {map[string]any{}, "give key and secret, or set anonymous"},
		"half":          {map[string]any{"key": "AKIA"}, "key and secret are needed together"},
		"half, public":  {map[string]any{"secret": "x", "anonymous": true}, "key and secret are needed together"},
		"ambient":       {map[string]any{"ambient_credentials": true}, "ALLOW_AMBIENT_CREDENTIALS_S3"},
		"role, nobody":  {map[string]any{"role_arn": "arn:aws:iam::1:role/r"}, "needed to assume a role"},
		"role, public":  {map[string]any{"role_arn": "arn:aws:iam::1:role/r", "anonymous": true}, "needed to assume a role"},
		"role, no role": {map[string]any{"role_arn": "admin", "key": "a", "secret": "b"}, "write arn:aws:iam"},
	} {
		t.Setenv(AllowAmbient, "1") // anything but true
		_, err := connector.OpenSource(Type, connectortest.With(c.config, "remote_url", "s3://acme/"), connector.Env{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
}

// poison sets everything of the environment that the SDK reads.
func poison(t *testing.T) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	text := "[default]\nregion = mars-north-1\naws_access_key_id = AKIAFILE\naws_secret_access_key = filesecret\n" +
		"endpoint_url = https://file.example.com\nuse_fips_endpoint = true\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "environmentsecret", "AWS_SESSION_TOKEN": "environmenttoken",
		"AWS_REGION": "mars-south-1", "AWS_DEFAULT_REGION": "mars-south-1", "AWS_ENDPOINT_URL": "https://env.example.com",
		"AWS_ENDPOINT_URL_S3": "https://env.example.com", "AWS_ENDPOINT_URL_STS": "https://env.example.com",
		"AWS_CONFIG_FILE": file, "AWS_SHARED_CREDENTIALS_FILE": file, "AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true",
	} {
		t.Setenv(name, value)
	}
}

func list(t *testing.T, s connector.Source) error {
	t.Helper()
	for _, err := range s.Index(context.Background(), "") {
		if err != nil {
			return err
		}
	}
	return nil
}

// Nothing of the machine reaches a request, whatever its environment and files hold.
func TestMachineIsNotRead(t *testing.T) {
	poison(t)
	t.Setenv(AllowAmbient, "true") // allowed, but not asked for
	for name, config := range map[string]map[string]any{
		"anonymous": {"remote_url": "s3://acme/", "anonymous": true},
		"own keys":  {"remote_url": "s3://acme/", "key": "AKIAOWN", "secret": "own"},
		"own token": {"remote_url": "s3://acme/", "key": "AKIAOWN", "secret": "own", "token": "owntoken", "anonymous": true},
	} {
		w := &web{answer: func(*http.Request, string) (int, map[string]string, string) { return 200, nil, listing() }}
		if err := list(t, connectortest.OpenSource(t, Type, config, w.env())); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r := w.seen[0]
		given := r.Header.Get("Authorization")
		if r.URL.Host != "acme.s3.us-east-1.amazonaws.com" || r.URL.Scheme != "https" {
			t.Errorf("%s: went to %s", name, r.URL)
		}
		if name == "anonymous" && given != "" || name != "anonymous" && !strings.Contains(given, "Credential=AKIAOWN/") {
			t.Errorf("%s: signed %q", name, given)
		}
		wantToken, _ := config["token"].(string)
		if token := r.Header.Get("X-Amz-Security-Token"); token != wantToken {
			t.Errorf("%s: sent token %q", name, token)
		}
	}
}

func TestAmbientCredentials(t *testing.T) {
	poison(t)
	t.Setenv(AllowAmbient, "true")
	w := &web{answer: func(*http.Request, string) (int, map[string]string, string) { return 200, nil, listing() }}
	if err := list(t, connectortest.OpenSource(t, Type, map[string]any{"remote_url": "s3://acme/", "ambient_credentials": true}, w.env())); err != nil {
		t.Fatal(err)
	}
	r := w.seen[0]
	if !strings.Contains(r.Header.Get("Authorization"), "Credential=AKIAENVIRONMENT/") ||
		r.Header.Get("X-Amz-Security-Token") != "environmenttoken" || !strings.Contains(r.URL.Host, "mars-south-1") {
		t.Errorf("asked %s, signed %q", r.URL, r.Header.Get("Authorization"))
	}
}

const roleAnswer = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>` +
	`<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>rolesecret</SecretAccessKey><SessionToken>roletoken</SessionToken>` +
	`<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ endpoint, arn, sts string }{
		"AWS":       {"", "arn:aws:iam::123456789012:role/reader", "sts.us-east-1.amazonaws.com"},
		"China":     {"", "arn:aws-cn:iam::123456789012:role/reader", "sts.cn-north-1.amazonaws.com.cn"},
		"own store": {"https://store.example.com", "arn:aws:iam::123456789012:role/reader", "store.example.com"},
		"AWS host":  {"https://s3.eu-west-1.amazonaws.com", "arn:aws:iam::123456789012:role/reader", "sts.eu-west-1.amazonaws.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &web{answer: func(r *http.Request, _ string) (int, map[string]string, string) {
				if r.Method == http.MethodPost {
					return 200, nil, roleAnswer
				}
				return 200, nil, listing()
			}}
			config := map[string]any{"remote_url": "s3://acme/", "key": "AKIAOWN", "secret": "own", "role_arn": c.arn, "external_id": "ext 1"}
			if c.endpoint != "" {
				config["endpoint_url"] = c.endpoint
			}
			s := connectortest.OpenSource(t, Type, config, w.env())
			for range 2 {
				if err := list(t, s); err != nil {
					t.Fatal(err)
				}
			}
			if len(w.seen) != 3 {
				t.Fatalf("asked %q", w.requests())
			}
			form, _ := url.ParseQuery(w.sent[0])
			if w.seen[0].URL.Host != c.sts || form.Get("Action") != "AssumeRole" || form.Get("RoleArn") != c.arn || form.Get("ExternalId") != "ext 1" ||
				!strings.Contains(w.seen[0].Header.Get("Authorization"), "Credential=AKIAOWN/") {
				t.Errorf("asked %s for %v", w.seen[0].URL, form)
			}
			if r := w.seen[2]; !strings.Contains(r.Header.Get("Authorization"), "Credential=ASIAROLE/") || r.Header.Get("X-Amz-Security-Token") != "roletoken" {
				t.Errorf("listed with %q", r.Header.Get("Authorization"))
			}
		})
	}
}

func TestRoleIsRefused(t *testing.T) {
	t.Parallel()
	w := &web{answer: func(*http.Request, string) (int, map[string]string, string) {
		return 403, nil, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User AKIAOWN is not s3cret</Message></Error></ErrorResponse>`
	}}
	err := list(t, connectortest.OpenSource(t, Type, map[string]any{
		"remote_url": "s3://acme/", "key": "AKIAOWN", "secret": "own", "role_arn": "arn:aws:iam::123456789012:role/reader",
	}, w.env()))
	want := "assume role arn:aws:iam::123456789012:role/reader: access refused (AccessDenied); the role must trust the account of these credentials, and external_id must be its own"
	if !errors.Is(err, connector.ErrForbidden) || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// A public bucket is read without credentials, from a real server.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	b := newPlace(t, server.StartReal(t))
	b.Put(t, map[string]string{"a.txt": "text"})
	config := map[string]any{"remote_url": "s3://" + b.name + "/" + b.prefix, "endpoint_url": b.server.Endpoint, "anonymous": true, "recursive": true}
	s := connectortest.OpenSource(t, Type, config, connector.Env{})
	if err := s.Check(context.Background()); !errors.Is(err, connector.ErrForbidden) || !strings.Contains(err.Error(), "s3:ListBucket") {
		t.Errorf("a bucket that is not public: %v", err)
	}
	policy := `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::BUCKET"},
		{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::BUCKET/*"}]}`
	policy = strings.ReplaceAll(policy, "BUCKET", b.name)
	if _, err := b.client.PutBucketPolicy(context.Background(), &s3.PutBucketPolicyInput{Bucket: &b.name, Policy: &policy}); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	for d, err := range s.Index(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		f, err := s.Fetch(context.Background(), d)
		if err != nil {
			t.Fatal(err)
		}
		if got := content(t, f); got != "text" {
			t.Errorf("read %q", got)
		}
	}
	d := connectortest.OpenDestination(t, Type, connectortest.With(config, "recursive", false), connector.Env{})
	if err := d.Check(context.Background()); !errors.Is(err, connector.ErrForbidden) {
		t.Errorf("writing without credentials: %v", err)
	}
}
