package usage

import "github.com/bojanz/currency"

// IsCurrency says whether a code is one of ISO 4217 that money can be in.
func IsCurrency(code string) bool { return code != "" && currency.IsValid(code) }
