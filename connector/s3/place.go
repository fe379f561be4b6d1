package s3

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/bucket"
)

// place is what a config's remote_url and endpoint_url name.
type place struct {
	bucket    string
	prefix    string // key or beginning of keys below the bucket, as written
	endpoint  string // scheme://host of another store than AWS, or of one of its special hosts; "" is AWS
	pathStyle bool   // the bucket stands in the path, not in the host name
	region    string // first guess; the store corrects it
}

var bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{2,254}$`)

// parse reads s3://bucket/prefix, or https://bucket.host/prefix for the special hosts of AWS (FIPS, private endpoints).
func parse(remote, endpoint string) (place, error) {
	wrong := func(why string) (place, error) {
		return place{}, connector.Fail(nil, "remote_url %q: %s; write s3://bucket/prefix/", shown(remote), why)
	}
	p := place{region: bucket.HomeRegion}
	scheme, rest, ok := strings.Cut(strings.TrimSpace(remote), "://")
	if !ok {
		return wrong("it has no scheme")
	}
	host, prefix, _ := strings.Cut(rest, "/")
	p.prefix = prefix
	switch strings.ToLower(scheme) {
	case "s3", "s3a", "s3n":
		p.bucket = host
		if endpoint = strings.TrimSpace(endpoint); endpoint != "" {
			var err error
			if p.endpoint, err = checkEndpoint(endpoint); err != nil {
				return place{}, err
			}
			p.pathStyle = true
		}
	case "https", "http":
		if endpoint != "" {
			return wrong("with endpoint_url it begins with s3://")
		}
		cut := strings.Index(host, ".s3")
		if cut < 0 {
			cut = strings.Index(host, ".")
		}
		if cut < 0 {
			return wrong("its host is not bucket.endpoint")
		}
		p.bucket = host[:cut]
		var err error
		if p.endpoint, err = checkEndpoint(scheme + "://" + host[cut+1:]); err != nil {
			return place{}, err
		}
	default:
		return wrong("it is not of S3")
	}
	switch {
	case p.bucket == "":
		return wrong("it names no bucket")
	case strings.Contains(p.bucket, "@"):
		return wrong("credentials do not belong into it; use key and secret")
	case !bucketName.MatchString(p.bucket):
		return wrong("the bucket's name has characters that no bucket has")
	case strings.HasSuffix(p.bucket, "--x-s3"):
		return wrong("directory buckets are not supported, since they list objects in no order")
	case len(p.prefix) > maxPrefix:
		return wrong("the prefix is too long")
	}
	if region := bucket.RegionOf(p.endpoint); region != "" {
		p.region = region
	}
	return p, nil
}

// maxPrefix leaves room for names below; a whole key has at most 1,024 bytes.
const maxPrefix = 700

// shown is a remote_url for messages, without what somebody may have put before an @.
func shown(remote string) string {
	if i := strings.LastIndex(remote, "@"); i >= 0 {
		remote = "...@" + remote[i+1:]
	}
	if len(remote) > 300 {
		remote = remote[:300] + "..."
	}
	return remote
}

// checkEndpoint takes scheme://host[:port][/] only.
func checkEndpoint(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", connector.Fail(nil, "endpoint_url: not an address; write https://host or https://host:port")
	case u.User != nil:
		return "", connector.Fail(nil, "endpoint_url: credentials do not belong into it; use key and secret")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "", connector.Fail(nil, "endpoint_url: it ends after the host; write https://host or https://host:port")
	}
	return u.Scheme + "://" + u.Host, nil
}

// isAWS says that a place is AWS's own service.
func (p place) isAWS() bool { return bucket.IsAWS(p.endpoint) }

// url is an object's address.
func (p place) url(key string) string { return "s3://" + p.bucket + "/" + key }
