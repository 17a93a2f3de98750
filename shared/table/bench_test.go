package table

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// largeWorkbook writes a workbook of rows with 8 columns as Excel does it: texts
// are shared, and each row has three of its own.
func largeWorkbook(t failer, dir string, rows int) string {
	t.Helper()
	var sheet, texts strings.Builder
	sheet.WriteString(`<worksheet><sheetData>`)
	texts.WriteString(`<sst><si><t>Mobile</t></si>`)
	for i := range rows {
		fmt.Fprintf(&sheet, `<row r="%d" spans="1:8"><c r="A%[1]d" t="s"><v>%d</v></c><c r="B%[1]d" t="s"><v>%d</v></c><c r="C%[1]d" t="s"><v>%d</v></c>`+
			`<c r="D%[1]d" t="s"><v>0</v></c><c r="E%[1]d"><v>%d</v></c><c r="F%[1]d"><v>4.9500000000000002E-2</v></c><c r="G%[1]d" s="1"><v>46288</v></c><c r="H%[1]d"><v>60</v></c></row>`,
			i+1, 3*i+1, 3*i+2, 3*i+3, 49152+i)
		fmt.Fprintf(&texts, `<si><t>Country %d</t></si><si><t>Destination %[1]d &amp; others</t></si><si><t>49152%06[1]d</t></si>`, i)
	}
	sheet.WriteString(`</sheetData></worksheet>`)
	texts.WriteString(`</sst>`)
	name := filepath.Join(dir, "large.xlsx")
	if err := os.WriteFile(name, handmade(t, sheet.String(), map[string]string{"xl/sharedStrings.xml": texts.String()}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// readFile reads all rows of a file's first sheet and returns how many.
func readFile(t failer, name string, check func()) int {
	t.Helper()
	r, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(r, info.Size(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.Rows(0)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for n := 0; ; n++ {
		if _, err := rows.Next(); err == io.EOF {
			return n
		} else if err != nil {
			t.Fatal(err)
		}
		if n%10_000 == 0 {
			check()
		}
	}
}

func TestMemoryOf200000Rows(t *testing.T) {
	const rows = 200_000
	name := largeWorkbook(t, t.TempDir(), rows)
	most := memory(func(check func()) {
		if n := readFile(t, name, check); n != rows {
			t.Errorf("%d rows", n)
		}
	})
	if most > 64<<20 {
		t.Errorf("%d MiB were held", most>>20)
	}
}

func TestNoAllocationPerRow(t *testing.T) {
	csv := strings.Repeat("Réunion;\"0,1\";262\n", 4000)
	workbook := cells(strings.Repeat(`<row><c t="s"><v>1</v></c><c><v>0.0495</v></c><c t="str"><v>a&amp;b</v></c></row>`, 4000))
	for name, file := range map[string][]byte{"CSV": []byte(csv), "windows-1252": in(t, "windows-1252", csv), "XLSX": handmade(t, workbook, nil)} {
		rows, err := open(t, file, Options{}).Rows(0)
		if err != nil {
			t.Fatal(err)
		}
		allocs := testing.AllocsPerRun(3500, func() {
			if _, err := rows.Next(); err != nil {
				t.Fatal(err)
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations a row", name, allocs)
		}
	}
}

func BenchmarkXLSX(b *testing.B) {
	name := largeWorkbook(b, b.TempDir(), 20_000)
	b.ReportAllocs()
	for b.Loop() {
		readFile(b, name, func() {})
	}
}

func BenchmarkCSV(b *testing.B) {
	text := strings.Repeat("49152;Germany, mobile;0,0495;23.09.2026;60/1\n", 20_000)
	for _, charset := range []string{"utf-8", "windows-1252", "utf-16le"} {
		b.Run(charset, func(b *testing.B) {
			name := filepath.Join(b.TempDir(), "rates.csv")
			if err := os.WriteFile(name, in(b, charset, text+"Réunion\n"), 0o600); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				readFile(b, name, func() {})
			}
		})
	}
}

func BenchmarkJSON(b *testing.B) {
	text := `{"fields":["prefix","name","price"],"rates":[` + strings.Repeat(`["49152","Germany mobile",0.0495],`, 20_000) + `[]]}`
	name := filepath.Join(b.TempDir(), "rates.json")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		readFile(b, name, func() {})
	}
}
