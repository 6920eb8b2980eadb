package main

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"

	"fairdial/source/s3"
)

// Files in object storage are picked up by name of the source alone; a bucket that cannot be
// listed fails by itself and is told of by the doctor.
func TestObjectStorage(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(gofakes3.New(s3mem.New()).Server())
	t.Cleanup(server.Close)
	client, err := s3.Open(s3.Place{Endpoint: server.URL, Region: "us-east-1", AccessKey: "id", Secret: "hush-hush"})
	require.NoError(t, err)
	require.NoError(t, client.MakeBucket(t.Context(), "usage", minio.MakeBucketOptions{}))
	_, err = client.PutObject(t.Context(), "usage", "out/t1/x.csv", strings.NewReader(usageCSV), int64(len(usageCSV)), minio.PutObjectOptions{})
	require.NoError(t, err)
	source := func(name, url string) string {
		return fmt.Sprintf("\n  - {name: %s, kind: s3, url: %q, endpoint: %q, region: us-east-1, access_key: id, secret: hush-hush, schedule: \"off\"}", name, url, server.URL)
	}
	p := newProgram(t, "sources:"+source("archive", "s3://usage/out")+source("gone", "s3://gone"))

	stdout, stderr, code := p.run("sources", "poll")
	require.Equal(t, exitFailed, code)
	require.Regexp(t, `archive +1 +2 +1 +0 +0 +1`, stdout)
	require.Contains(t, stderr, "source gone: list s3://gone")
	require.Regexp(t, `archive +0 +0`, p.ok("sources", "poll", "archive"))
	require.Contains(t, p.ok("ledger", "list"), "x.csv")

	doctor, stderr, _ := p.run("doctor")
	require.Regexp(t, `ok +source archive`, doctor)
	require.Regexp(t, `BAD +source gone`, doctor)
	require.NotContains(t, doctor+stdout+stderr, "hush-hush")
	_, stderr, code = p.run("sources", "poll", "nobody")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "nobody")
}
