package numbering

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/usage"
)

func FuzzClassify(f *testing.F) {
	for _, seed := range []string{
		"+16054751234", "+1605475****", "+1 (605) 475-xxxx", "tel:+44-20-7946-0958;ext=7", "00493012345***", "+33 1***",
		"011442079460958", "+881631234567", "+39 06 698", "anonymous", "'+1\u00a0212\u202a5550123", "＋１２１２", "\xff+1", "+1x", "(0)",
		"+12129760199", "+18095550000", "+44 (0)1481 722222",
	} {
		f.Add(seed)
	}
	p := newPlan(f)
	f.Fuzz(func(t *testing.T, number string) {
		d := p.Classify(number)
		checkSense(t, p, number, d)
		require.Equal(t, d, p.Classify(number), "the same number, the same answer")

		// Masking the last three or four digits of a whole +1 number changes
		// nothing but what those digits alone could tell.
		if d.Masked || d.NPANXX == "" {
			return
		}
		plain := "+1" + nationalPart(number)
		if len(plain) != 12 {
			return
		}
		require.Equal(t, d, p.Classify(plain), "%q is %s", number, plain)
		for hidden := 3; hidden <= 4; hidden++ {
			masked := plain[:len(plain)-hidden] + strings.Repeat("*", hidden)
			m := p.Classify(masked)
			require.True(t, m.Masked, masked)
			require.False(t, m.HighCost && !d.HighCost, "masking makes nothing high-cost")
			m.Masked, m.HighCost = false, d.HighCost
			require.Equal(t, d, m, masked)
		}
	})
}

// checkSense holds what is true of any destination.
func checkSense(t *testing.T, p *Plan, number string, d usage.Destination) {
	t.Helper()
	require.NotEmpty(t, d.Class, "%q", number)
	if d.ZoneA {
		require.True(t, p.zoneA[d.Country], "%q", number)
		require.Contains(t, []usage.Class{usage.ClassGeographic, usage.ClassTollFree, usage.ClassUnknown}, d.Class, "%q", number)
	}
	if d.Region != "" {
		require.Contains(t, []string{"US", "CA"}, d.Country, "%q", number)
	}
	if d.HighCost {
		require.NotEmpty(t, d.NPANXX, "%q", number)
	}
	if n := len(d.NPANXX); n != 0 {
		require.Len(t, d.NPANXX, 6, "%q", number)
		require.Empty(t, strings.Trim(d.NPANXX, "0123456789"), "%q", number)
	}
	if len(d.Country) != 0 {
		require.Len(t, d.Country, 2, "%q", number)
	}
	if d.Masked {
		require.True(t, strings.ContainsAny(number, "*xX＊ｘＸ"), "%q", number)
	}
}

// nationalPart is the ten digits after +1 of a plainly written number.
func nationalPart(number string) string {
	if strings.Trim(number, "+0123456789 -") != "" {
		return ""
	}
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	digits = strings.TrimPrefix(strings.TrimPrefix(digits, "00"), "011")
	return strings.TrimPrefix(digits, "1")
}
