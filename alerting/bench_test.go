package alerting

import "testing"

// A pass over many cases of which nothing is new: what the daemon does every minute.
func BenchmarkQuietPass(b *testing.B) {
	w := newWorld(b)
	w.put(manyCases(5000)...)
	a := w.alerter(withoutToken)
	if r := w.run(a); r.Logged != 5000 {
		b.Fatalf("%+v", r)
	}
	for b.Loop() {
		if r := w.run(a); r.Logged != 0 {
			b.Fatalf("%+v", r)
		}
	}
}
