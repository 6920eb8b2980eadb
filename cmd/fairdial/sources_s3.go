package main

import (
	"context"
	"fmt"

	"fairdial/config"
	"fairdial/source/s3"
)

// objects reads the objects of a source in object storage.
func (f *feeds) objects(c config.Source) (*s3.Reader, error) {
	place := s3.Place{URL: c.URL, Endpoint: c.Endpoint, Region: c.Region, AccessKey: c.AccessKey, Secret: c.Secret.Reveal()}
	client, err := s3.Open(place)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", c.Name, err)
	}
	mapping, err := readMapping(c.Mapping)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", c.Name, err)
	}
	return &s3.Reader{
		Name: c.Name, TenantID: c.Tenant, Place: place, Client: client, Ingester: f.s.ingester.With(mapping), Journal: f.s.journal, Now: f.app.now,
	}, nil
}

// fetch reads the objects that are new, and keeps how it went.
func (f *feeds) fetch(ctx context.Context, c config.Source) (s3.Result, error) {
	var result s3.Result
	r, err := f.objects(c)
	if err == nil {
		result, err = r.Collect(ctx)
	}
	if ctx.Err() != nil {
		return result, err
	}
	if noted := f.log.Note(ctx, c.Name, c.Tenant, err, false); noted != nil && err == nil {
		err = noted
	}
	return result, err
}

func fetched(r s3.Result) string {
	return fmt.Sprintf("%s, %d records read, %d accepted", counted(r.Objects, "object"), r.Read, r.Accepted)
}
