package rating

// begun adds the calls that an entry begins. Statements that were closed before lines told
// of them have them in their rows alone.
func (s *Statement) begun(e Entry) {
	for i := range s.Lines {
		l := &s.Lines[i]
		if string(l.Bucket) == e.Bucket && l.Reason == e.Reason && l.Conferencing == e.Conferencing && l.UnfundedBecause == e.UnfundedBecause && l.Currency == e.Currency {
			l.CallsBegun += uint64(e.CallsBegun)
			break // two lines of one rule and two pools cannot be told apart in the rows
		}
	}
	for i := range s.Buckets {
		if string(s.Buckets[i].Bucket) == e.Bucket {
			s.Buckets[i].CallsBegun += uint64(e.CallsBegun)
		}
	}
}
