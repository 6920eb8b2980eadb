package s3_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"

	"fairdial/ingest"
	"fairdial/numbering"
	"fairdial/source/s3"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// dying fails after what it was given was stored, as often as it is told.
type dying struct {
	*ingest.Ingester
	times int
}

func (d *dying) Ingest(ctx context.Context, tenant, actor string, paths []string, p ingest.Progress) (ingest.Report, error) {
	report, err := d.Ingester.Ingest(ctx, tenant, actor, paths, p)
	if err == nil && d.times > 0 {
		d.times--
		err = errors.New("killed after it was stored")
	}
	return report, err
}

const header = "UsageId,AAD ObjectId,Call Type,Destination Number,Start Time,End Time,Duration Seconds,Charge,Currency\n"

func line(id string) string {
	return id + ",o1,conf_out,+12125550100,2026-02-01T05:00:00Z,2026-02-01T05:01:00Z,60,0,USD\n"
}

func TestObjectsAreReadOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(gofakes3.New(s3mem.New()).Server())
	t.Cleanup(server.Close)
	place := s3.Place{URL: "s3://usage/out", Endpoint: server.URL, Region: "us-east-1", AccessKey: "id", Secret: "secret"}
	client, err := s3.Open(place)
	require.NoError(t, err)
	require.NoError(t, client.MakeBucket(t.Context(), "usage", minio.MakeBucketOptions{}))
	put := func(key, text string) {
		_, err := client.PutObject(t.Context(), "usage", key, strings.NewReader(text), int64(len(text)), minio.PutObjectOptions{})
		require.NoError(t, err)
	}
	store := storetest.Open(t)
	classifier, err := numbering.New()
	require.NoError(t, err)
	j := journal.New(store, time.Now, uuid.New)
	in := &dying{Ingester: ingest.New(ingest.Options{
		Conn: store, Journal: j, Classifier: classifier, Now: time.Now, NewID: uuid.New, Logger: slog.New(slog.DiscardHandler),
	})}
	reader := func(tenant string) *s3.Reader {
		return &s3.Reader{Name: "exports", TenantID: tenant, Place: place, Client: client, Ingester: in, Journal: j, Now: time.Now}
	}
	pass := func(tenant string, want s3.Result) {
		t.Helper()
		got, err := reader(tenant).Collect(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.NoError(t, reader("").Ping(t.Context()))
	pass("", s3.Result{})

	put("out/t1/a.csv", header+line("1")+line("2"))
	put("out/t2/a.csv", header+line("1"))
	put("out/t2/folder/", " ")
	put("elsewhere/b.csv", header+line("9"))
	pass("", s3.Result{Objects: 2, Counts: ingest.Counts{Read: 3, Accepted: 3}})
	pass("", s3.Result{Known: 2})

	// More is in it: what is new counts.
	put("out/t1/a.csv", header+line("1")+line("2")+line("3"))
	pass("", s3.Result{Objects: 1, Known: 1, Counts: ingest.Counts{Read: 3, Accepted: 1, Duplicate: 2}})

	// Killed between storing and marking, it is read again and adds nothing.
	put("out/t1/b.csv", header+line("4"))
	in.times = 1
	_, err = reader("").Collect(t.Context())
	require.ErrorContains(t, err, "out/t1/b.csv")
	pass("", s3.Result{Objects: 1, Known: 2, Counts: ingest.Counts{Read: 1, Duplicate: 1}})

	// One that is nobody's, or no usage, is named; the others are read.
	put("out/nobody.csv", header+line("5"))
	put("out/t1/c.pdf", "%PDF-1.4\x00\x01")
	put("out/t1/d.csv", header+line("6"))
	got, err := reader("").Collect(t.Context())
	require.ErrorContains(t, err, "out/nobody.csv: no tenant")
	require.ErrorContains(t, err, "out/t1/c.pdf")
	require.Equal(t, uint64(1), got.Accepted)
	_, err = reader("").Collect(t.Context())
	require.ErrorContains(t, err, "out/nobody.csv")
	require.NotContains(t, err.Error(), "c.pdf", "told once")

	var counted []struct {
		Tenant  string `ch:"tenant_id"`
		Records uint64 `ch:"records"`
	}
	require.NoError(t, store.Select(t.Context(), &counted, "SELECT tenant_id, count() AS records FROM usage GROUP BY tenant_id ORDER BY tenant_id"))
	require.Equal(t, "[{t1 5} {t2 1}]", fmt.Sprint(counted))

	require.NoError(t, client.RemoveObject(t.Context(), "usage", "out/t1/a.csv", minio.RemoveObjectOptions{}))
	wrong := reader("")
	wrong.Place.URL = "s3://nothing"
	require.ErrorContains(t, wrong.Ping(t.Context()), "bucket does not exist")
	_, err = wrong.Collect(t.Context())
	require.ErrorContains(t, err, "source exports: list s3://nothing")
}

func TestURLs(t *testing.T) {
	for text, want := range map[string]string{"s3://b": "b|", "s3://b/": "b|", "s3://b/p/q": "b|p/q"} {
		bucket, prefix, err := s3.Split(text)
		require.NoError(t, err)
		require.Equal(t, want, bucket+"|"+prefix)
	}
	for _, text := range []string{"", "b/p", "https://b/p", "s3:///p", "s3://b/p?x=1", "s3://id:secret@b/p", "s3://%zz"} {
		_, _, err := s3.Split(text)
		require.Error(t, err, text)
		require.NotContains(t, err.Error(), "secret")
	}
}
