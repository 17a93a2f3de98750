package cells

import "testing"

// What a row costs: a deck of a million has a million of each.
func BenchmarkCells(b *testing.B) {
	codes := make([]string, 0, 16)
	increments, name := []byte("60/1"), []byte("Germany - Mobile Vodafone")
	for _, c := range []struct {
		name string
		read func() error
	}{
		{"code", codeBench(&codes, "49152", CodeRules{})},
		{"code with a plus", codeBench(&codes, "+49152", CodeRules{})},
		{"country and code", codeBench(&codes, "200", CodeRules{CountryCode: []byte("1907")})},
		{"list", codeBench(&codes, "49152, 49162, 49172-49174", CodeRules{})},
		{"country once", codeBench(&codes, "61 38,39", CodeRules{})},
		{"price", priceBench("0.0495")},
		{"price with a currency", priceBench("$0.0495")},
		{"scientific price", priceBench("4.95E-2")},
		{"increments", func() error { _, err := ParseIncrements(increments, IncrementRules{}, 1_000_000); return err }},
		{"iso date", dateBench("2026-09-23")},
		{"date and time", dateBench("2026-09-23 00:00:00")},
		{"day first", dateBench("23/09/2026")},
		{"named month", dateBench("23-Sep-2026")},
		{"change", func() error { ParseChange([]byte("Unchanged")); return nil }},
		{"flag", func() error { _, err := ParseFlag([]byte("0")); return err }},
		{"name", func() error { _, err := ParseName(name, 256); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func codeBench(dst *[]string, cell string, r CodeRules) func() error {
	text := []byte(cell)
	return func() (err error) {
		*dst, _, err = AppendCodes((*dst)[:0], text, r)
		return err
	}
}

func priceBench(cell string) func() error {
	text := []byte(cell)
	return func() error { _, _, err := ParsePrice(text, PriceRules{}); return err }
}

func dateBench(cell string) func() error {
	text := []byte(cell)
	return func() error { _, _, err := ParseDate(text, DayFirst, nil); return err }
}
