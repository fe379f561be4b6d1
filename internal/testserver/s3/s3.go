// Package s3 gives tests an S3 server of their own on a port of the loopback: versitygw, a maintained server over a
// folder, installed once at a pinned version (see install.go), and gofakes3 in this process for the quick run (-short).
// Both ask for the credentials that Server names. A server can go away and come back on the same port with what it held.
package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// Region is what the servers say that they are in unless another is asked for; requests that are signed for another are
// refused.
const Region = "us-east-1"

// patience is how long a server may take to start or to stop.
const patience = 30 * time.Second

// Server is an S3 server with one account.
type Server struct {
	Endpoint string // http://127.0.0.1:port, without a slash at the end; buckets are addressed by path
	Key      string
	Secret   string
	Region   string

	backend backend
	mu      sync.Mutex
	running bool
}

// backend is one kind of server at a fixed address.
type backend interface {
	start() error
	stop() error
	remove() error
}

// Start starts gofakes3 with -short, versitygw without.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if testing.Short() {
		return StartFake(tb)
	}
	return StartReal(tb)
}

// StartReal starts versitygw; it is stopped and removed with the test. With -short the test is skipped.
func StartReal(tb testing.TB) *Server { tb.Helper(); return StartRealIn(tb, Region) }

// StartRealIn is StartReal in another region.
func StartRealIn(tb testing.TB, region string) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs a real S3 server; run without -short")
	}
	return start(tb, region, newGateway)
}

// StartFake starts gofakes3; it is stopped with the test.
func StartFake(tb testing.TB) *Server { tb.Helper(); return StartFakeIn(tb, Region) }

// StartFakeIn is StartFake in another region.
func StartFakeIn(tb testing.TB, region string) *Server {
	tb.Helper()
	return start(tb, region, newFake)
}

func start(tb testing.TB, region string, make func(address string, s *Server) (backend, error)) *Server {
	tb.Helper()
	address, err := freeAddress()
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{
		Endpoint: "http://" + address, Key: "AKIATESTSLUICE", Secret: "s3cr+t/word=" + rand.Text(), // with what a URL must escape
		Region: region,
	}
	if s.backend, err = make(address, s); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := errors.Join(s.Stop(), s.backend.remove()); err != nil {
			tb.Error(err)
		}
	})
	if err := s.Start(); err != nil {
		tb.Fatal(err)
	}
	return s
}

// Start starts the server again after Stop, on the same port.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return errors.New("the S3 server runs")
	}
	if err := s.backend.start(); err != nil {
		return err
	}
	s.running = true
	return nil
}

// Stop ends the server at once, in the middle of whatever it does. What it had stored stays.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running {
		return nil
	}
	s.running = false
	return s.backend.stop()
}

// Bucket makes an empty bucket and returns its name.
func (s *Server) Bucket(tb testing.TB) string {
	tb.Helper()
	name := "test-" + strings.ToLower(rand.Text()[:20])
	if _, err := s.Client().CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		tb.Fatal(err)
	}
	return name
}

// Client looks at the server from outside, with its own credentials.
func (s *Server) Client() *s3.Client {
	return s3.New(s3.Options{
		Region: s.Region, BaseEndpoint: &s.Endpoint, UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: s.Key, SecretAccessKey: s.Secret}, nil
		}),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
}

// Put stores an object; metadata may be nil.
func (s *Server) Put(tb testing.TB, bucket, key, content string, metadata map[string]string) {
	tb.Helper()
	_, err := s.Client().PutObject(context.Background(), &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: strings.NewReader(content), Metadata: metadata,
	})
	if err != nil {
		tb.Fatalf("put %q: %v", key, err)
	}
}

// Get reads an object.
func (s *Server) Get(tb testing.TB, bucket, key string) string {
	tb.Helper()
	out, err := s.Client().GetObject(context.Background(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		tb.Fatalf("get %q: %v", key, err)
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	if err != nil {
		tb.Fatalf("get %q: %v", key, err)
	}
	return string(b)
}

// Delete removes an object.
func (s *Server) Delete(tb testing.TB, bucket, key string) {
	tb.Helper()
	if _, err := s.Client().DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		tb.Fatalf("delete %q: %v", key, err)
	}
}

// List names the objects of a bucket.
func (s *Server) List(tb testing.TB, bucket string) []string {
	tb.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(s.Client(), &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			tb.Fatal(err)
		}
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
	}
	return keys
}

// Uploads names the keys of uploads in parts that were neither completed nor aborted.
func (s *Server) Uploads(tb testing.TB, bucket string) []string {
	tb.Helper()
	out, err := s.Client().ListMultipartUploads(context.Background(), &s3.ListMultipartUploadsInput{Bucket: &bucket})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "NoSuchUpload" { // gofakes3, of a bucket that has none
		return nil
	}
	if err != nil {
		tb.Fatal(err)
	}
	var keys []string
	for _, u := range out.Uploads {
		keys = append(keys, *u.Key)
	}
	return keys
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
