package ingest

import (
	"time"

	"github.com/google/uuid"
)

// batch is the reading of one file, or of one row out of the quarantine.
type batch struct {
	id         uuid.UUID
	tenantID   string
	file       string
	source     string
	sourceAt   time.Time
	readBefore bool // this very file was read to its end before
	counts     Counts
	twins      map[uuid.UUID]uint32 // how often a broken row has come
	place      int                  // among the files of the run
	run        *run                 // nil out of the quarantine
	told       func(RowVerdict)     // may be nil
}

// follows says whether a stored revision comes from further on in the run than a row of
// this batch. After a crash files are read again from their start, and every row must meet
// the same past as the first time.
func (b *batch) follows(s *stored, position uint64) bool {
	if s.BatchID == b.id {
		return s.Position > position
	}
	if b.run == nil {
		return false
	}
	place, ours := b.run.places[s.BatchID]
	return ours && place > b.place
}

// name is how messages call a stream of the file.
func (b *batch) name(p part) string {
	if p.member == "" {
		return b.file
	}
	return b.file + ": " + p.member
}
