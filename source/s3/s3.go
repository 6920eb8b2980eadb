// Package s3 reads usage files from object storage: each object once, and again when what is
// in it has changed. README.md states the rules.
package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"fairdial/ingest"
	"fairdial/source"
	"fairdial/store/journal"
)

// Ingester is the way into the store.
type Ingester interface {
	Ingest(ctx context.Context, tenantID, actor string, paths []string, progress ingest.Progress) (ingest.Report, error)
}

// Place is where the objects are.
type Place struct {
	// URL names bucket and prefix: s3://BUCKET/PREFIX.
	URL string
	// Endpoint of another service that speaks S3, https://HOST; "" is AWS.
	Endpoint string
	Region   string
	// AccessKey and Secret; without them those of the environment (AWS_ACCESS_KEY_ID and
	// AWS_SECRET_ACCESS_KEY) or of the machine's role count.
	AccessKey, Secret string
}

// amazon is AWS's own endpoint.
const amazon = "https://s3.amazonaws.com"

// errURL does not repeat what was written: some write keys into such a URL.
var errURL = errors.New("url: it is no S3 URL; write s3://BUCKET or s3://BUCKET/PREFIX, and the key elsewhere")

// Split gives bucket and prefix of an S3 URL.
func Split(text string) (bucket, prefix string, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return "", "", errURL
	}
	return u.Host, strings.TrimPrefix(u.Path, "/"), nil
}

// Open makes a client. Nothing is asked of the service yet.
func Open(p Place) (*minio.Client, error) {
	endpoint := p.Endpoint
	if endpoint == "" {
		endpoint = amazon
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("endpoint %q: write https://HOST", p.Endpoint)
	}
	chain := []credentials.Provider{&credentials.EnvAWS{}, &credentials.IAM{Client: &http.Client{Timeout: 5 * time.Second}}}
	if p.AccessKey != "" {
		chain = []credentials.Provider{&credentials.Static{Value: credentials.Value{
			AccessKeyID: p.AccessKey, SecretAccessKey: p.Secret, SignerType: credentials.SignatureV4,
		}}}
	}
	return minio.New(u.Host, &minio.Options{
		Secure: u.Scheme == "https", Region: p.Region, Creds: credentials.NewChainCredentials(chain), MaxRetries: 3,
	})
}

// Reader reads the objects of one source.
type Reader struct {
	Name string // of the source
	// TenantID is whose usage it is; "": what stands in a key between the prefix and the next
	// slash is the tenant's id.
	TenantID string
	Place    Place
	Client   *minio.Client
	Ingester Ingester
	Journal  *journal.Journal
	Now      func() time.Time
	TempDir  string // where an object lies while it is read; "" is the system's
}

// Result is what one pass brought.
type Result struct {
	ingest.Counts
	Objects int // that were read
	Failed  int // among them, that could not be read to their end
	Known   int // that were read before
}

// kindRead is the event of an object that was read.
const kindRead = "read"

// read is what is kept of an object: which of its contents was read, and why it could not be.
type read struct {
	ETag  string `json:"etag"`
	Error string `json:"error,omitempty"`
}

func (r *Reader) stream() string { return "source_objects:" + r.Name }

// Collect reads every object that was not read yet with what is in it now. The mark is set when
// the store has the rows: an object whose pass was killed is read again and adds nothing.
func (r *Reader) Collect(ctx context.Context) (Result, error) {
	var result Result
	bucket, prefix, err := Split(r.Place.URL)
	if err != nil {
		return result, fmt.Errorf("source %s: %w", r.Name, err)
	}
	known, err := r.known(ctx)
	if err != nil {
		return result, err
	}
	var bad []error
	for object := range r.Client.ListObjectsIter(ctx, bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if object.Err != nil {
			return result, errors.Join(append(bad, fmt.Errorf("source %s: list %s: %w", r.Name, r.Place.URL, object.Err))...)
		}
		name := path.Base(object.Key)
		if strings.HasSuffix(object.Key, "/") || strings.HasPrefix(name, ".") {
			continue // a folder, as some tools make them, or a hidden file
		}
		last := known[object.Key]
		if last.mark.ETag == object.ETag {
			result.Known++
			continue
		}
		if err := r.one(ctx, bucket, prefix, object, last.version, &result); err != nil {
			if ctx.Err() != nil {
				return result, err
			}
			bad = append(bad, fmt.Errorf("source %s: %s: %w", r.Name, object.Key, err))
		}
	}
	return result, errors.Join(bad...)
}

type mark struct {
	version uint32
	mark    read
}

// known are the objects that were read, by key.
func (r *Reader) known(ctx context.Context) (map[string]mark, error) {
	heads, err := r.Journal.Heads(ctx, r.stream(), journal.Filter{})
	if err != nil {
		return nil, fmt.Errorf("source %s: what was read: %w", r.Name, err)
	}
	out := make(map[string]mark, len(heads))
	for _, e := range heads {
		m := mark{version: e.Version}
		if err := json.Unmarshal([]byte(e.Body), &m.mark); err != nil {
			return nil, fmt.Errorf("source %s: what was read of %s: %w", r.Name, e.Subject, err)
		}
		out[e.Subject] = m
	}
	return out, nil
}

// errNoTenant: such an object is nobody's.
var errNoTenant = errors.New("no tenant: set the source's tenant, or put the object under PREFIX/TENANT-ID/")

func (r *Reader) one(ctx context.Context, bucket, prefix string, object minio.ObjectInfo, version uint32, result *Result) error {
	tenant := r.TenantID
	if tenant == "" {
		below := strings.TrimPrefix(strings.TrimPrefix(object.Key, prefix), "/")
		folder, _, deeper := strings.Cut(below, "/")
		if !deeper {
			return errNoTenant
		}
		tenant = folder
	}
	dir, err := os.MkdirTemp(r.TempDir, "fairdial-s3-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// Its name tells its format; a key may hold anything, and a file's name may not.
	file := filepath.Join(dir, filepath.Base(filepath.FromSlash(path.Clean("/"+object.Key))))
	want := minio.GetObjectOptions{}
	if err := want.SetMatchETag(object.ETag); err != nil {
		return err
	}
	if err := r.Client.FGetObject(ctx, bucket, object.Key, file, want); err != nil {
		return err
	}
	report, err := r.Ingester.Ingest(ctx, tenant, source.Actor(r.Name), []string{file}, nil)
	if err != nil {
		return err
	}
	m := read{ETag: object.ETag}
	for _, f := range report.Files {
		if f.Error != "" {
			m.Error = f.Error
		}
	}
	for _, s := range report.Skipped {
		m.Error = s.Reason
	}
	result.add(report.Total, m.Error != "")
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	err = r.Journal.Append(ctx, journal.Event{
		Stream: r.stream(), Subject: object.Key, TenantID: tenant, Version: version + 1, Kind: kindRead, Actor: source.Actor(r.Name),
		Reason: "it was stored", At: r.Now(), Body: string(body),
	})
	if _, lost := errors.AsType[*journal.ConflictError](err); lost {
		return nil // another process has just read it too
	}
	if err == nil && m.Error != "" {
		return fmt.Errorf("it cannot be read (to its end), and is left until it changes: %s", m.Error)
	}
	return err
}

func (r *Result) add(c ingest.Counts, failed bool) {
	r.Objects++
	r.Read += c.Read
	r.Accepted += c.Accepted
	r.Duplicate += c.Duplicate
	r.Ignored += c.Ignored
	r.Rejected += c.Rejected
	r.Corrected += c.Corrected
	if failed {
		r.Failed++
	}
}

// Ping asks whether the bucket can be listed.
func (r *Reader) Ping(ctx context.Context) error {
	bucket, prefix, err := Split(r.Place.URL)
	if err != nil {
		return err
	}
	for object := range r.Client.ListObjectsIter(ctx, bucket, minio.ListObjectsOptions{Prefix: prefix, MaxKeys: 1}) {
		return object.Err
	}
	return ctx.Err()
}
