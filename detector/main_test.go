package detector

import (
	"testing"

	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }
