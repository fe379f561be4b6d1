package s3

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestServer(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(testing.TB) *Server{"fake": StartFake, "real": StartReal} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			bucket := s.Bucket(t)
			s.Put(t, bucket, "folder/Zoë +%.txt", "content", map[string]string{"author": "me"})
			if err := s.Stop(); err != nil {
				t.Fatal(err)
			}
			one := int32(1)
			_, err := s.Client().ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: &bucket, MaxKeys: &one},
				func(o *s3.Options) { o.RetryMaxAttempts = 1 })
			if err == nil {
				t.Error("a server that was stopped answers")
			}
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			if got := s.Get(t, bucket, "folder/Zoë +%.txt"); got != "content" {
				t.Errorf("after a restart the object holds %q", got)
			}
			if got := s.List(t, bucket); !slices.Equal(got, []string{"folder/Zoë +%.txt"}) {
				t.Errorf("listed %q", got)
			}
			_, err = s.Client().ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: &bucket},
				func(o *s3.Options) { o.Region = "eu-west-1" })
			if err == nil {
				t.Error("a request for another region is answered")
			}
			stranger := &Server{Endpoint: s.Endpoint, Key: s.Key, Secret: "another", Region: s.Region}
			_, err = stranger.Client().ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: &bucket})
			if err == nil {
				t.Error("a request with a wrong secret is answered")
			}
			s.Delete(t, bucket, "folder/Zoë +%.txt")
			if got := s.List(t, bucket); len(got) != 0 {
				t.Errorf("listed %q", got)
			}
		})
	}
}
