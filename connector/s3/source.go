package s3

import (
	"context"
	"iter"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/output"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/bucket"
)

// source lists the objects below a prefix.
type source struct {
	*remote
	env        connector.Env
	configured string // remote_url as the user wrote it
	recursive  bool
}

var _ connector.Source = (*source)(nil)

func newSource(config map[string]any, env connector.Env) (connector.Source, error) {
	r, err := open(config, env)
	if err != nil {
		return nil, err
	}
	s := &source{remote: r, env: env}
	s.configured, _ = config["remote_url"].(string)
	s.recursive, _ = config["recursive"].(bool)
	return s, nil
}

// Check lists the place and reads the first byte of its first object, if it has one.
func (s *source) Check(ctx context.Context) error {
	for d, err := range s.Index(ctx, "") {
		if err != nil {
			return err
		}
		key, err := s.key(d)
		if err != nil {
			return err
		}
		err = s.store.Do(ctx, func(ctx context.Context, c *s3.Client) error {
			out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key, Range: aws.String("bytes=0-0")})
			if err == nil {
				err = out.Body.Close()
			}
			return err
		})
		if err != nil {
			return s.failed(ctx, "read "+s.url(key), "s3:GetObject", err)
		}
		break
	}
	return nil
}

// Index lists the objects in the order of their keys, a page of 1,000 at a time and nothing of each but what the listing
// says. The cursor is the key of the last one. Empty objects are left out: they mark folders.
func (s *source) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		root, single, err := s.root(ctx)
		if err != nil {
			yield(document.Document{}, err)
			return
		}
		if single != nil {
			if from == "" {
				key := *single.Key
				yield(s.document(key, key[:strings.LastIndex(key, "/")+1], *single), nil)
			}
			return
		}
		in := s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: optional(root), StartAfter: optional(string(from)), EncodingType: types.EncodingTypeUrl}
		if !s.recursive {
			in.Delimiter = aws.String("/")
		}
		for {
			page, err := s.page(ctx, in)
			if err != nil {
				yield(document.Document{}, err)
				return
			}
			for i := range page.Contents {
				if ctx.Err() != nil {
					yield(document.Document{}, context.Cause(ctx))
					return
				}
				o := page.Contents[i]
				if s.listed(o, root, string(from)) && !yield(s.document(*o.Key, root, o), nil) {
					return
				}
			}
			if !aws.ToBool(page.IsTruncated) {
				return
			}
			next := aws.ToString(page.NextContinuationToken)
			if next == "" || next == aws.ToString(in.ContinuationToken) {
				yield(document.Document{}, connector.Fail(nil, "list s3://%s/%s: the service says that there is more and not where", s.bucket, root))
				return
			}
			in.ContinuationToken = &next
		}
	}
}

// root finds out whether the config's prefix without a slash at the end is a folder or a single object. An object of
// exactly that name wins; a slash in the config means the folder.
func (s *source) root(ctx context.Context) (root string, single *types.Object, err error) {
	if s.prefix == "" || strings.HasSuffix(s.prefix, "/") {
		return s.prefix, nil, nil
	}
	page, err := s.page(ctx, s3.ListObjectsV2Input{
		Bucket: &s.bucket, Prefix: &s.prefix, MaxKeys: aws.Int32(1), EncodingType: types.EncodingTypeUrl,
	})
	if err != nil {
		return "", nil, err
	}
	// It is the first of all that begin with it.
	if len(page.Contents) > 0 && aws.ToString(page.Contents[0].Key) == s.prefix && aws.ToInt64(page.Contents[0].Size) > 0 {
		return "", &page.Contents[0], nil
	}
	return s.prefix + "/", nil, nil
}

// page gets one page of a listing, with keys as they are.
func (s *source) page(ctx context.Context, in s3.ListObjectsV2Input) (page *s3.ListObjectsV2Output, err error) {
	err = s.store.Do(ctx, func(ctx context.Context, c *s3.Client) (err error) {
		page, err = c.ListObjectsV2(ctx, &in)
		return err
	})
	if err != nil {
		return nil, s.failed(ctx, "list s3://"+s.bucket+"/"+aws.ToString(in.Prefix), "s3:ListBucket", err)
	}
	if page.Name == nil && page.IsTruncated == nil { // a page of the web, say: no listing, and least of all an empty one
		return nil, connector.Fail(nil, "list s3://%s: the answer is not that of an S3 service; check endpoint_url", s.bucket)
	}
	if page.EncodingType != types.EncodingTypeUrl { // not every store knows it
		return page, nil
	}
	for i := range page.Contents {
		if key := page.Contents[i].Key; key != nil && strings.ContainsAny(*key, "%+") {
			plain, err := url.QueryUnescape(*key)
			if err != nil {
				return nil, connector.Fail(nil, "list s3://%s: the service gave a name that is not encoded as it says", s.bucket)
			}
			page.Contents[i].Key = &plain
		}
	}
	return page, nil
}

// listed says whether an object is a document.
func (s *source) listed(o types.Object, root, after string) bool {
	key := aws.ToString(o.Key)
	if !utf8.ValidString(key) {
		if s.env.Log != nil {
			s.env.Log.Warn("an object is left out, since its name is not UTF-8", "bucket", s.bucket, "key", strings.ToValidUTF8(key, "?"))
		}
		return false
	}
	return strings.HasPrefix(key, root) && len(key) > len(root) && key > after && aws.ToInt64(o.Size) > 0 &&
		!strings.HasPrefix(path.Base(key), output.Reserved)
}

// document describes an object. root is what its path begins after: "" or a folder with its slash.
func (s *source) document(key, root string, o types.Object) document.Document {
	modified := aws.ToTime(o.LastModified).UTC()
	if o.LastModified == nil {
		modified = time.Time{}
	}
	return document.Document{
		Identifier: uuid.NewSHA1(uuid.NameSpaceDNS, []byte(s.bucket+"/"+key)).String(),
		Name:       name(key),
		Path:       strings.TrimPrefix(key, root),
		Version:    bucket.Version(o.ETag),
		Size:       aws.ToInt64(o.Size),
		URL:        s.url(key),
		Created:    modified,
		Modified:   modified,
		RecordLocator: map[string]any{
			"protocol": "s3", "remote_file_path": s.configured,
		},
		Cursor: key,
	}
}

// name is the last part of a key that is a name.
func name(key string) string {
	switch base := path.Base(key); base {
	case ".", "..", "/":
		return "object"
	default:
		return base
	}
}

// key finds the key of a document that this source has listed.
func (s *source) key(d document.Document) (string, error) {
	key, ok := strings.CutPrefix(d.URL, s.url(""))
	if !ok || key == "" {
		return "", connector.Fail(connector.ErrNotFound, "read %q: it is not of bucket %q; list the source again", d.Name, s.bucket)
	}
	return key, nil
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
