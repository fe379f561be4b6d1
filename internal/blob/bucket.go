package blob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluicehq/sluice/internal/bucket"
	"github.com/sluicehq/sluice/internal/spool"
)

const (
	// inMemory is the size in bytes up to which File holds a blob in memory.
	inMemory = 4 << 20
	// pingTime is how long the removal of what Ping wrote may take.
	pingTime = 15 * time.Second
)

// objects keeps blobs as objects of a bucket, below a prefix, under the same names as a folder has.
type objects struct {
	bucket *bucket.Bucket
	prefix string // "", or a path with a slash at its end
}

// openBucket opens s3://bucket/prefix. The parameters endpoint (scheme://host of a store that is not AWS), use_path_style
// and region are optional; credentials, and the region without one, come from the machine's AWS settings: environment,
// files, the role of the machine or container. It connects to nothing.
func openBucket(ctx context.Context, u *url.URL) (Store, error) {
	wrong := func(format string, args ...any) (Store, error) {
		return nil, fmt.Errorf("blob URL: "+format, args...)
	}
	switch {
	case u.User != nil:
		return wrong("credentials do not belong into it; put them into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	case u.Host == "":
		return wrong("it names no bucket; write s3://bucket/prefix")
	}
	var endpoint, region string
	pathStyle := false
	for name, values := range u.Query() {
		value := values[len(values)-1]
		switch name {
		case "endpoint":
			e, err := url.Parse(value)
			if err != nil || e.Host == "" || e.Scheme != "http" && e.Scheme != "https" || e.User != nil || strings.Trim(e.Path, "/") != "" {
				return wrong("endpoint is written https://host or https://host:port")
			}
			endpoint = e.Scheme + "://" + e.Host
		case "region":
			region = value
		case "use_path_style":
			if value != "true" && value != "false" {
				return wrong("use_path_style is true or false")
			}
			pathStyle = value == "true"
		default:
			return wrong("it has no parameter %q; there are endpoint, region and use_path_style", name)
		}
	}
	machine, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("the machine's AWS settings cannot be read: %w", err)
	}
	o := s3.Options{
		Credentials: machine.Credentials, HTTPClient: client(machine), UsePathStyle: pathStyle,
		Region: firstOf(region, bucket.RegionOf(endpoint), machine.Region, bucket.HomeRegion),
	}
	if endpoint != "" {
		o.BaseEndpoint = &endpoint
	} else if machine.BaseEndpoint != nil {
		o.BaseEndpoint = machine.BaseEndpoint
	}
	prefix := strings.Trim(u.Path, "/")
	if prefix != "" {
		prefix += "/"
	}
	return &objects{bucket: bucket.New(u.Host, o), prefix: prefix}, nil
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// client is the HTTP client of the machine's AWS settings (with its own certificates, say), made to end what stands still.
func client(machine aws.Config) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if b, ok := machine.HTTPClient.(*awshttp.BuildableClient); ok {
		transport = b.GetTransport()
	}
	transport.MaxIdleConnsPerHost = 64
	return bucket.HTTPClient(transport)
}

// key is where a blob stands.
func (o *objects) key(key string, prefix bool) (string, error) {
	names, err := segments(key, prefix)
	if err != nil {
		return "", err
	}
	full := o.prefix + strings.Join(names, "/")
	if prefix {
		full += "/"
	}
	return full, nil
}

// Put implements Store.
func (o *objects) Put(ctx context.Context, key string, r io.Reader) (int64, string, error) {
	name, err := o.key(key, false)
	if err != nil {
		return 0, "", err
	}
	w := o.bucket.Write(ctx, name, "")
	defer w.Abort()
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(w, sum), &until{ctx, r})
	if err == nil {
		err = w.Commit()
	}
	if err != nil {
		return 0, "", remoteWriteError(key, err)
	}
	return size, hex.EncodeToString(sum.Sum(nil)), nil
}

// remoteWriteError is writeError of a store that says by itself that it is full.
func remoteWriteError(key string, err error) error {
	if bucket.Full(err) {
		return fmt.Errorf("cannot store %s: %w", key, ErrFull)
	}
	return writeError(key, err)
}

// Open implements Store.
func (o *objects) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	name, err := o.key(key, false)
	if err != nil {
		return nil, err
	}
	r, err := o.bucket.Open(ctx, name)
	if err != nil {
		return nil, readError(key, err)
	}
	return r, nil
}

func readError(key string, err error) error {
	switch {
	case bucket.Code(err) == "NoSuchKey":
		return fmt.Errorf("%s: %w", key, ErrNotFound)
	case errors.Is(err, spool.ErrDisk) && (errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)):
		return fmt.Errorf("cannot read blob %s into a temporary file: %w", key, ErrFull)
	}
	return fmt.Errorf("cannot read blob %s: %w", key, err)
}

// Get implements Store.
func (o *objects) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	r, err := o.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var from io.Reader = r
	if limit > 0 {
		from = io.LimitReader(r, limit+1)
	}
	b, err := io.ReadAll(from)
	if err != nil {
		return nil, readError(key, err)
	}
	if limit > 0 && int64(len(b)) > limit {
		return nil, fmt.Errorf("blob %s has more than the %d bytes allowed", key, limit)
	}
	return b, nil
}

// File implements Store: the blob is copied, into memory when it is small, into a temporary file otherwise.
func (o *objects) File(ctx context.Context, key string) (File, error) {
	name, err := o.key(key, false)
	if err != nil {
		return nil, err
	}
	s, _, err := o.bucket.Read(ctx, name, "", inMemory)
	if err != nil {
		return nil, readError(key, err)
	}
	content := s.Content()
	if f, ok := content.(onDisk); ok {
		return spooled{f, s.Size()}, nil
	}
	return held{content, s.Size()}, nil
}

// onDisk is a temporary file, whose descriptor can be handed on.
type onDisk interface {
	io.ReaderAt
	io.Closer
	syscall.Conn
}

type spooled struct {
	onDisk
	size int64
}

func (s spooled) Size() int64 { return s.size }

// held is a blob in memory.
type held struct {
	io.ReaderAt
	size int64
}

func (h held) Size() int64 { return h.size }
func (held) Close() error  { return nil }

// Delete implements Store.
func (o *objects) Delete(ctx context.Context, key string) error {
	name, err := o.key(key, false)
	if err != nil {
		return err
	}
	if err := o.remove(ctx, name); err != nil {
		return fmt.Errorf("cannot delete the blob %s: %w", key, err)
	}
	return nil
}

func (o *objects) remove(ctx context.Context, name string) error {
	err := o.bucket.Do(ctx, func(ctx context.Context, c *s3.Client) error {
		_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &o.bucket.Name, Key: &name})
		return err
	})
	if bucket.Code(err) == "NoSuchKey" {
		return nil
	}
	return err
}

// List implements Store. Names come as they are written in the bucket; those of keys made of UUIDs are the keys' own.
func (o *objects) List(ctx context.Context, prefix string) ([]string, error) {
	full, err := o.key(prefix, true)
	if err != nil {
		return nil, err
	}
	var names []string
	seen := map[string]bool{}
	add := func(key *string) {
		name := strings.TrimSuffix(strings.TrimPrefix(aws.ToString(key), full), "/")
		if name != "" && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	err = o.pages(ctx, full, true, func(page *s3.ListObjectsV2Output) error {
		for _, below := range page.CommonPrefixes {
			add(below.Prefix)
		}
		for _, object := range page.Contents {
			add(object.Key)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot list the blobs of %s: %w", prefix, err)
	}
	return names, nil
}

// pages lists what begins with a prefix; with oneLevel what stands deeper is named by its folder. Names that this store
// writes need no encoding.
func (o *objects) pages(ctx context.Context, prefix string, oneLevel bool, each func(*s3.ListObjectsV2Output) error) error {
	in := s3.ListObjectsV2Input{Bucket: &o.bucket.Name, Prefix: &prefix}
	if oneLevel {
		in.Delimiter = aws.String("/")
	}
	for {
		var page *s3.ListObjectsV2Output
		err := o.bucket.Do(ctx, func(ctx context.Context, c *s3.Client) (err error) {
			page, err = c.ListObjectsV2(ctx, &in)
			return err
		})
		if err == nil {
			err = each(page)
		}
		if err != nil || !aws.ToBool(page.IsTruncated) {
			return err
		}
		if next := aws.ToString(page.NextContinuationToken); next == "" || next == aws.ToString(in.ContinuationToken) {
			return errors.New("the store says that there is more and not where")
		}
		in.ContinuationToken = page.NextContinuationToken
	}
}

// DeletePrefix implements Store. Parts that killed writers left below the prefix go too, where the store can list them.
func (o *objects) DeletePrefix(ctx context.Context, prefix string) error {
	full, err := o.key(prefix, true)
	if err != nil {
		return err
	}
	err = o.pages(ctx, full, false, func(page *s3.ListObjectsV2Output) error {
		var keys []types.ObjectIdentifier
		for _, object := range page.Contents {
			if object.Key != nil && strings.HasPrefix(*object.Key, full) {
				keys = append(keys, types.ObjectIdentifier{Key: object.Key})
			}
		}
		return o.removeAll(ctx, keys)
	})
	if err != nil {
		return fmt.Errorf("cannot delete the blobs of %s: %w", prefix, err)
	}
	o.abortAll(ctx, full)
	return nil
}

// removeAll deletes a page of objects in one request, or one by one where a store does not know that request.
func (o *objects) removeAll(ctx context.Context, keys []types.ObjectIdentifier) error {
	if len(keys) == 0 {
		return nil
	}
	err := o.bucket.Do(ctx, func(ctx context.Context, c *s3.Client) error {
		out, err := c.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &o.bucket.Name, Delete: &types.Delete{Objects: keys, Quiet: aws.Bool(true)},
		})
		if err == nil && len(out.Errors) > 0 {
			err = fmt.Errorf("%d objects stay, the first since: %s", len(out.Errors), aws.ToString(out.Errors[0].Code))
		}
		return err
	})
	switch bucket.Code(err) {
	case "NotImplemented", "MethodNotAllowed", "MissingContentMD5", "InvalidRequest", "InvalidArgument", "BadRequest":
	default:
		return err
	}
	for _, k := range keys {
		if err := o.remove(ctx, *k.Key); err != nil {
			return err
		}
	}
	return nil
}

// abortAll gives up uploads that nobody finished. What stays costs room only.
func (o *objects) abortAll(ctx context.Context, prefix string) {
	_ = o.bucket.Do(ctx, func(ctx context.Context, c *s3.Client) error {
		out, err := c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &o.bucket.Name, Prefix: &prefix})
		if err != nil {
			return err
		}
		for _, u := range out.Uploads {
			if !strings.HasPrefix(aws.ToString(u.Key), prefix) {
				continue
			}
			_, err := c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &o.bucket.Name, Key: u.Key, UploadId: u.UploadId})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Ping implements Store.
func (o *objects) Ping(ctx context.Context) error {
	name := o.prefix + ".ping-" + rand.Text() // no key begins with a dot
	w := o.bucket.Write(ctx, name, "")
	_, _ = w.Write([]byte("ping")) // its error stays with w
	if err := w.Commit(); err != nil {
		return remoteWriteError("ping", err)
	}
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTime)
	defer cancel()
	if err := o.remove(clean, name); err != nil {
		return fmt.Errorf("cannot delete the blob ping: %w", err)
	}
	return nil
}

// Close implements Store.
func (o *objects) Close() error { return nil }
