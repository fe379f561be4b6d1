package s3

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for in, want := range map[[2]string]place{
		{"s3://acme/reports/", ""}:         {bucket: "acme", prefix: "reports/", region: "us-east-1"},
		{" s3://acme ", ""}:                {bucket: "acme", region: "us-east-1"},
		{"s3://acme/a//b/../c d%20ü+", ""}: {bucket: "acme", prefix: "a//b/../c d%20ü+", region: "us-east-1"},
		{"s3://acme.data/", ""}:            {bucket: "acme.data", region: "us-east-1"},
		{"s3://acme/x", "http://[::1]:9000/"}: {bucket: "acme", prefix: "x", endpoint: "http://[::1]:9000", pathStyle: true,
			region: "us-east-1"},
		{"s3://acme/x", "https://s3.eu-central-003.backblazeb2.com"}: {bucket: "acme", prefix: "x",
			endpoint: "https://s3.eu-central-003.backblazeb2.com", pathStyle: true, region: "eu-central-003"},
		{"s3://acme/x", "https://s3.mycompany.example.com"}: {bucket: "acme", prefix: "x",
			endpoint: "https://s3.mycompany.example.com", pathStyle: true, region: "us-east-1"},
		{"https://acme.data.s3-fips.us-gov-west-1.amazonaws.com/reports/", ""}: {bucket: "acme.data", prefix: "reports/",
			endpoint: "https://s3-fips.us-gov-west-1.amazonaws.com", region: "us-gov-west-1"},
		{"https://acme.s3.dualstack.eu-west-1.amazonaws.com", ""}: {bucket: "acme",
			endpoint: "https://s3.dualstack.eu-west-1.amazonaws.com", region: "eu-west-1"},
		{"https://acme.store.example.com/x", ""}: {bucket: "acme", prefix: "x", endpoint: "https://store.example.com",
			region: "us-east-1"},
	} {
		got, err := parse(in[0], in[1])
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", in, got, err, want)
		}
	}
	for in, want := range map[[2]string]string{
		{"acme/reports", ""}:                             "no scheme",
		{"gs://acme/reports", ""}:                        "not of S3",
		{"s3:///reports", ""}:                            "no bucket",
		{"s3://key:s3cret@acme/reports", ""}:             "use key and secret",
		{"s3://ac me/x", ""}:                             "characters",
		{"s3://../x", ""}:                                "characters",
		{"s3://acme--use1-az4--x-s3/x", ""}:              "directory buckets",
		{"s3://acme/" + strings.Repeat("x", 800), ""}:    "too long",
		{"s3://acme/x", "localhost:9000"}:                "endpoint_url",
		{"s3://acme/x", "ftp://host"}:                    "endpoint_url",
		{"s3://acme/x", "https://key:s3cret@host"}:       "use key and secret",
		{"s3://acme/x", "https://host/bucket"}:           "ends after the host",
		{"s3://acme/x", "https://host?x=y"}:              "ends after the host",
		{"https://acme.host/x", "https://other"}:         "begins with s3://",
		{"https://localhost/x", ""}:                      "bucket.endpoint",
		{"https://key:s3cret@acme.s3.amazonaws.com", ""}: "use key and secret",
	} {
		_, err := parse(in[0], in[1])
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v; want %q", in, err, want)
		}
	}
}
