package s3

import (
	"context"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/bucket"
)

// AllowAmbient is the environment variable with which the operator lets configs use the machine's own credentials.
const AllowAmbient = "ALLOW_AMBIENT_CREDENTIALS_S3"

// login is the part of a config that says who asks.
type login struct {
	key, secret, token  string
	ambient, anonymous  bool
	roleARN, externalID string
}

func readLogin(c map[string]any) login {
	text := func(name string) string {
		s, _ := c[name].(string)
		return strings.TrimSpace(s)
	}
	flag := func(name string) bool {
		b, _ := c[name].(bool)
		return b
	}
	return login{
		key: text("key"), secret: text("secret"), token: text("token"),
		ambient: flag("ambient_credentials"), anonymous: flag("anonymous"),
		roleARN: text("role_arn"), externalID: text("external_id"),
	}
}

// provider makes the credentials of a config: its own keys, else those of the machine where the operator allows it, else
// none for a public bucket. With role_arn the first two are used to assume that role. region is the machine's, if its
// credentials are used and it names one.
func (l login) provider(p place, client *http.Client) (who aws.CredentialsProvider, region string, err error) {
	switch {
	case l.key != "" && l.secret != "":
		who = credentials.NewStaticCredentialsProvider(l.key, l.secret, l.token)
	case l.key != "" || l.secret != "" || l.token != "":
		return nil, "", connector.Fail(connector.ErrForbidden, "credentials: key and secret are needed together")
	case l.ambient:
		if os.Getenv(AllowAmbient) != "true" {
			return nil, "", connector.Fail(connector.ErrForbidden,
				"ambient_credentials: the operator of this server does not allow them (%s=true would); give key and secret", AllowAmbient)
		}
		// The machine's credentials come by ways that a tenant cannot aim, so they do not go through the guarded client,
		// which refuses the metadata service.
		c, err := config.LoadDefaultConfig(context.Background())
		if err != nil {
			return nil, "", connector.Fail(err, "ambient_credentials: the machine's AWS settings cannot be read; tell the operator")
		}
		who, region = c.Credentials, c.Region
	case l.roleARN != "":
		return nil, "", connector.Fail(connector.ErrForbidden,
			"role_arn: credentials are needed to assume a role; give key and secret too")
	case l.anonymous:
		return aws.AnonymousCredentials{}, "", nil
	default:
		return nil, "", connector.Fail(connector.ErrForbidden,
			"no credentials: give key and secret, or set anonymous for a public bucket")
	}
	if l.roleARN != "" {
		if who, err = l.assume(who, p, client); err != nil {
			return nil, "", err
		}
	}
	return aws.NewCredentialsCache(who), region, nil
}

// assume makes credentials of a role. A store that is not AWS is asked itself, as MinIO and Ceph answer there.
func (l login) assume(who aws.CredentialsProvider, p place, client *http.Client) (aws.CredentialsProvider, error) {
	partition, ok := strings.CutPrefix(l.roleARN, "arn:")
	partition, _, more := strings.Cut(partition, ":")
	if !ok || !more {
		return nil, connector.Fail(nil, "role_arn: not a role; write arn:aws:iam::ACCOUNT:role/NAME")
	}
	o := sts.Options{Region: p.region, Credentials: aws.NewCredentialsCache(who), HTTPClient: client, Retryer: bucket.Retryer()}
	if !p.isAWS() {
		o.BaseEndpoint = &p.endpoint
	} else if p.region == bucket.HomeRegion {
		switch partition {
		case "aws-cn":
			o.Region = "cn-north-1"
		case "aws-us-gov":
			o.Region = "us-gov-west-1"
		}
	}
	role := stscreds.NewAssumeRoleProvider(sts.New(o), l.roleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "sluice"
		if l.externalID != "" {
			o.ExternalID = &l.externalID
		}
	})
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		c, err := role.Retrieve(ctx)
		if err != nil {
			err = &roleError{l.roleARN, err}
		}
		return c, err
	}), nil
}

// roleError is a role that could not be assumed.
type roleError struct {
	arn string
	err error
}

func (e *roleError) Error() string { return "assume role: " + e.err.Error() }
func (e *roleError) Unwrap() error { return e.err }
