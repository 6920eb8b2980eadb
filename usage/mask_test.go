package usage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/usage"
)

func TestNumbersAreMasked(t *testing.T) {
	for in, want := range map[string]string{
		"+16055550123":                              "•••0123",
		"tel:+49 30 1234567":                        "tel:•••4567",
		"(605) 555-0123":                            "•••0123",
		"605.555.0123":                              "•••0123",
		"605 555 0123 and 605-555-0124":             "•••0123 and •••0124",
		"16055550123":                               "•••0123",
		"sip:+4930123****@example":                  "sip:+4930123****@example",
		"to +1780422····.":                          "to +1780422····.",
		"+1 780-422-****":                           "+1 780-422-****",
		"+493012345····":                            "•••····",
		"+49 30 1234 ****":                          "•••****",
		"a16055550123b":                             "a•••0123b",
		"＋１６０５５５５０１２３":                              "＋•••０１２３",
		"+١٦٠٥٥٥٥٠١٢٣":                              "•••٠١٢٣",
		"412 minutes, 37 calls":                     "412 minutes, 37 calls",
		"12,345.5 minutes, 12345.67 USD":            "12,345.5 minutes, 12345.67 USD",
		"from 2026-02-01 to 2026-02-28T10:00Z":      "from 2026-02-01 to 2026-02-28T10:00Z",
		"case 12345678-1234-1234-1234-123456789012": "case 12345678-1234-1234-1234-123456789012",
		"block 605475":                              "block 605475",
		"+1 900":                                    "+1 900",
		"at 03:00-05:00 on 3 days":                  "at 03:00-05:00 on 3 days",
	} {
		require.Equal(t, want, usage.MaskNumbers(in), "%q", in)
	}
}
