package numbering

import "testing"

func BenchmarkClassify(b *testing.B) {
	for _, c := range []struct{ name, number string }{
		{"NANP", "+16054751234"},
		{"NANP_masked", "+1605475****"},
		{"NANP_written_out", "+1 (605) 475-1234"},
		{"world", "+493012345678"},
		{"world_masked", "+493012345***"},
		{"world_shared_code", "+441481722222"},
		{"satellite", "+881631234567"},
		{"garbage", "anonymous"},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := newPlan(b)
			b.ReportAllocs()
			for b.Loop() {
				p.Classify(c.number)
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newPlan(b)
	}
}

// BenchmarkBuild is what the first number of a calling code costs.
func BenchmarkBuild(b *testing.B) {
	p := newPlan(b)
	for b.Loop() {
		if err := p.codes[44].build(); err != nil {
			b.Fatal(err)
		}
	}
}
