package cdr

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
	"pgregory.net/rapid"
)

// outcomeOf is what reading a whole file came to.
type outcomeOf struct {
	Rows []Row
	Err  string
}

// readRows reads a file row by row.
func readRows(src io.Reader, feed Feed) (o outcomeOf) {
	r, err := Open(src, feed)
	for err == nil {
		var row Row
		if row, err = r.Next(); err == nil {
			o.Rows = append(o.Rows, row)
		}
	}
	if err != io.EOF {
		o.Err = err.Error()
	}
	return o
}

// knobs are sizes that only tests change.
type knobs struct{ chunk, rows int }

// readChunks reads a file as chunks.
func readChunks(t failer, src io.Reader, feed Feed, k knobs) (o outcomeOf) {
	t.Helper()
	chunks, err := openChunks(src, feed, Limits{}, k.chunk)
	if err == nil {
		o.Rows, err = parseAll(t, chunks, k)
	}
	if err != nil {
		o.Err = err.Error()
	}
	return o
}

// parseAll parses all chunks, and merges accepted and other rows by their line.
func parseAll(t failer, chunks *Chunks, knob knobs) (rows []Row, err error) {
	t.Helper()
	chunks.Fit(chunks.size, knob.rows)
	var dst call.Columns
	line := int64(0)
	for index := 0; ; index++ {
		k, err := chunks.Next()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		if k.Index != index || k.Line <= line {
			t.Fatal("chunk", k.Index, "line", k.Line, "after line", line, "want chunk", index)
		}
		if most := 4*maxRecord + 2*chunks.size + chunkPad; cap(k.buf) > most {
			t.Fatal("a chunk holds", cap(k.buf), "bytes, want at most", most)
		}
		for more := true; more; {
			var others []Row
			dst.Reset()
			more = k.Parse(&dst, func(r Row) { others = append(others, r) })
			if dst.Len() > knob.rows {
				t.Fatal(dst.Len(), "rows at once, want at most", knob.rows)
			}
			for i := range dst.Len() {
				for len(others) > 0 && others[0].Line < dst.Line[i] {
					rows, others = append(rows, others[0]), others[1:]
				}
				rows = append(rows, Row{Line: dst.Line[i], Record: dst.Record(i)})
			}
			rows = append(rows, others...)
		}
		for _, r := range rows[max(0, len(rows)-1):] {
			if line > r.Line {
				t.Fatal("row of line", r.Line, "after line", line)
			}
			line = r.Line
		}
		chunks.Free(k)
	}
}

// sameAsReader fails unless chunks of a file give what Reader gives.
func sameAsReader(t failer, file string, feed Feed, k knobs) {
	t.Helper()
	want, got := readRows(strings.NewReader(file), feed), readChunks(t, strings.NewReader(file), feed, k)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(fmt.Sprintf("%s %+v %.2000q: -row by row +chunks\n%.4000s", feed.Format, k, file, diff))
	}
}

// oddFiles draws files with all that a file may hold.
func oddFiles(feed Feed) *rapid.Generator[string] {
	names := []string{"id", "account", "a", "b", "start", "answer", "duration", "billsec", "billmsec", "disposition", "leg", "version", "x"}
	others := []string{"kind", "units", "lrn", "a_lrn", "service", "tag"}
	values := map[string][]string{
		"id":          {"", "c1", "0123456789abcdef", "1231977075.0", " c ", "c ", "c\u00A0", "é", "\u00A0c", strings.Repeat("x", 256), strings.Repeat("x", 257)},
		"account":     {"", "acme", "Société", "unassigned", " a", "a ", "a\tb", strings.Repeat("y", 257)},
		"a":           {"", "442071234567", "+44 20", "0044207", "00442071234567", "+442071234567", "+44 20 7123 4567", "anonymous", "44207123456x", " 44", "12345678", strings.Repeat("1", 32), strings.Repeat("1", 33), strings.Repeat(" ", 260)},
		"b":           {"", "34688886392", "0034688", "0034688886392", "+34688886392", "34 688 886 392", "3468888639:", "/4688886392", "00", "0", "+34688", "34 688", "x", "1234567", "12345678", "123456789", strings.Repeat("2", 32), strings.Repeat("2", 33), strings.Repeat("2", 257)},
		"start":       {"", "2026-11-30 23:59:59", "2026-11-30T23:59:59Z", "2026-07-01T12:00:00+02:00", "2026-10-25 01:30:00", "2026-03-29 01:30:00", "1136214245", "1136214245123", "2026/11/30 23:59:59", "2026-11-30 23:59:59.25", "2026-11-30 24:00:00", "2026-11-31 00:00:00", "2026-11-30t00:00:00", "2026-11-30 0:00:00", "2026-02-29 00:00:00", "2026-11-30 23:59:59.12345", "2026-11-30 23:59:60", "2026-11-00 23:59:59", "2026-11-3a 23:59:59", "2026-11-30 2a:59:59"},
		"duration":    {"", "9", "0", "60", "61.50", "10000000", "10000001", "12345678", "123456789", "-1", "5s", " 7", "0000000007"},
		"billmsec":    {"", "0", "67540", "67500", "10000000001", "x"},
		"disposition": {"", "ANSWERED", "answered", "NO ANSWER", "BUSY", "odd", " OK ", "200"},
		"leg":         {"", "l", "SIP/b-1"},
		"version":     {"", "0", "7", "18446744073709551615", "18446744073709551616", "x"},
		"kind":        {"", "sms", "voice", "Data", "event", "fax"},
		"units":       {"", "1", "10000000000000000", "10000000000000001", "x"},
		"lrn":         {"", "12125550100", "+1 212", "none"},
		"service":     {"", "onnet", strings.Repeat("s", 257)},
		"tag":         {"", "gold"},
		"direction":   {"", "outbound", "IN", "sideways", strings.Repeat("o", 257)},
		"peer":        {"", "carrier", "SIP/a-b-0000001f", "-", " p", strings.Repeat("p", 257)},
		"x":           {"", "note", "a\x00b", "\xff", "é", "\t"},
	}
	values["answer"], values["billsec"] = append(values["start"], "0", "0000-00-00 00:00:00", " "), values["duration"]
	values["a_lrn"], values["carrier"] = values["lrn"], values["peer"]
	quote := func(t *rapid.T, comma, cell string) string {
		switch rapid.IntRange(0, 60).Draw(t, "quotes") {
		case 0, 1, 2, 3, 4, 5:
			return `"` + cell + `"`
		case 6:
			return `"` + cell + comma + "\n" + `"`
		case 7:
			return `"` + cell
		case 8:
			return `"` + cell + `"x`
		case 9:
			return cell + `"`
		}
		return cell
	}
	return rapid.Custom(func(t *rapid.T) string {
		comma, columns := ",", names
		quoted := rapid.IntRange(0, 3).Draw(t, "quoted") == 0
		odd := rapid.IntRange(1, 20).Draw(t, "odd")
		var file strings.Builder
		switch feed.Format {
		case Generic:
			comma = rapid.SampledFrom([]string{",", ",", ";", "\t", "|"}).Draw(t, "comma")
			columns = []string{"b", "start", "duration"}
			if rapid.Bool().Draw(t, "many columns") {
				columns = rapid.Permutation(names).Draw(t, "columns")[:rapid.IntRange(6, len(names)).Draw(t, "width")]
			}
			if rapid.IntRange(0, 4).Draw(t, "other columns") == 0 {
				columns = append(slices.Clone(columns), rapid.Permutation(others).Draw(t, "others")[:rapid.IntRange(1, len(others)).Draw(t, "how many")]...)
			}
			for _, c := range []struct {
				meaning meaning
				name    string
			}{{direction, "direction"}, {trunk, "peer"}, {outTrunk, "carrier"}} {
				if feed.reads(c.meaning) || rapid.IntRange(0, 9).Draw(t, c.name) == 0 {
					columns = append(slices.Clone(columns), c.name)
				}
			}
			if rapid.IntRange(0, 9).Draw(t, "mark") == 0 {
				file.WriteString("\uFEFF")
			}
			file.WriteString(strings.Join(columns, comma) + "\n")
		case Asterisk:
			columns = strings.Split("account,a,b,x,x,peer,leg,x,x,start,answer,x,duration,billsec,disposition,x,id,x", ",")[:rapid.IntRange(15, 18).Draw(t, "width")]
		case FreeSWITCH:
			columns = strings.Split("x,a,b,peer,start,answer,x,duration,billsec,x,id,x,account,x,x", ",")[:rapid.IntRange(12, 15).Draw(t, "width")]
		}
		end := rapid.SampledFrom([]string{"\n", "\n", "\n", "\r\n", "\r"}).Draw(t, "ends")
		for range rapid.IntRange(0, 30).Draw(t, "lines") {
			cells := make([]string, len(columns))
			for i, c := range columns {
				of := values[c]
				cells[i] = of[min(1, len(of)-1)]
				if rapid.IntRange(0, odd).Draw(t, "is odd") == 0 {
					cells[i] = rapid.SampledFrom(of).Draw(t, c)
				}
				if quoted {
					cells[i] = quote(t, comma, cells[i])
				}
			}
			line := strings.Join(cells, comma)
			switch rapid.IntRange(0, 40).Draw(t, "line") {
			case 0:
				line = " \t"
			case 1:
				line += comma + comma
			case 2:
				line, _, _ = strings.Cut(line, comma)
			case 3:
				if rapid.IntRange(0, 4).Draw(t, "too long") == 0 {
					line = strings.Repeat(line, 1+maxRecord/max(1, len(line)))
				}
			case 4:
				line = "\uFEFF" + line
			case 5:
				line = rapid.SampledFrom([]string{"", "\r", "\n", "\xff\xfe", "\x00"}).Draw(t, "piece")
			case 7:
				line = strings.Join(cells[:len(cells)-1], comma)
			case 6:
				line += comma + strings.Repeat("z", rapid.IntRange(window-300, window+300).Draw(t, "long"))
			}
			if rapid.IntRange(0, 20).Draw(t, "other end") == 0 {
				line += rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "end")
			} else {
				line += end
			}
			file.WriteString(line)
		}
		text := file.String()
		return text[:len(text)-rapid.IntRange(0, min(3, len(text))).Draw(t, "cut off")]
	})
}

func drawKnobs(t *rapid.T) knobs {
	return knobs{
		chunk: rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(40, 4000), rapid.Just(chunkSize)).Draw(t, "chunk"),
		rows:  rapid.OneOf(rapid.IntRange(1, 5), rapid.Just(call.MaxRows)).Draw(t, "rows"),
	}
}

func TestChunksAreReadAsTheRowsOfTheFile(t *testing.T) {
	for _, feed := range []Feed{generic, asterisk, freeSWITCH, set(generic), set(asterisk), set(freeSWITCH), trunks(generic)} {
		t.Run(fmt.Sprint(feed.Format, feed.Identify, feed.Direction), rapid.MakeCheck(func(t *rapid.T) {
			sameAsReader(t, oddFiles(feed).Draw(t, "file"), feed, drawKnobs(t))
		}))
	}
}

func TestQuotedRowsAmongPlainOnesAreReadAsTheyAre(t *testing.T) {
	const head, plain = "id,account,a,b,start,duration\n", "c1,acme,44,34688886392,2026-11-30 23:59:59,9\n"
	for _, row := range []string{
		`"c2",acme,44,34688886392,2026-11-30 23:59:59,9`, `c2,"ac,me",44,34688886392,2026-11-30 23:59:59,9`,
		`c2,"ac` + "\n" + `me",44,34688886392,2026-11-30 23:59:59,9`, `c2,ac"me",44,34688886392,2026-11-30 23:59:59,9`,
		`c2,acme,"",34688886392,2026-11-30 23:59:59,9`, `"c2,acme,44,34688886392,2026-11-30 23:59:59,9`, `"c2"x,acme,44,34688886392,2026-11-30 23:59:59,9`,
	} {
		for _, chunk := range []int{1, 60, 100, chunkSize} {
			sameAsReader(t, head+plain+row+"\n"+plain+plain, generic, knobs{chunk, 2})
		}
	}
}

func TestRealFilesAreReadTheSameInChunks(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "cdrs")
	realFile(t, "asterisk_cdr_csv_good.csv") // skips where there are none
	read := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		read++
		for _, feed := range []Feed{generic, asterisk, freeSWITCH, set(asterisk), set(freeSWITCH)} {
			for _, k := range []knobs{{1, 1}, {100, 2}, {chunkSize, call.MaxRows}} {
				sameAsReader(t, string(b), feed, k)
			}
		}
		return nil
	})
	if err != nil || read < 8 {
		t.Errorf("%d files read: %v", read, err)
	}
}

func FuzzScannerIsReader(f *testing.F) {
	f.Add([]byte("id,account,a,b,start,duration\nc1,acme,44,0034,2026-11-30 23:59:59,5\nc2,,+44,34,1136214245,61.5\n"), uint8(0), uint16(9), uint8(1))
	f.Add([]byte("b;date;seconds\r\n441;2026-03-29 01:30:00;5\r\n\r\n441;2026-07-01T12:00:00+02:00;5\r"), uint8(0), uint16(30), uint8(9))
	f.Add([]byte(`"acme","1","2","c","""A"" <1>","SIP/a","SIP/b","Dial","x","2026-07-01 12:00:00","2026-07-01 12:00:05","2026-07-01 12:01:06",66,61,"ANSWERED","D","1.2",""`+"\n\"x\n"), uint8(1), uint16(4), uint8(2))
	f.Add([]byte("a,b,start,duration,direction,peer\n020 7946 0000,9#447700900123,1136214245,5,in,p\n"), uint8(3), uint16(9), uint8(1))
	f.Add([]byte("Ann,1,+34688,public,2026-07-01 12:00:00,2026-07-01 12:00:05,2026-07-01 12:01:06,66,61,NORMAL_CLEARING,u-1,,acme,,\n"), uint8(2), uint16(999), uint8(2))
	f.Fuzz(func(t *testing.T, file []byte, format uint8, chunk uint16, rows uint8) {
		feed := []Feed{generic, asterisk, freeSWITCH, set(generic), set(asterisk), set(freeSWITCH), trunks(generic)}[format%7]
		if bytes.HasPrefix(file, []byte{0x1F, 0x8B}) || bytes.HasPrefix(file, []byte{0x28, 0xB5, 0x2F, 0xFD}) {
			return // packed: Reader does not unpack
		}
		sameAsReader(t, string(file), feed, knobs{1 + int(chunk), 1 + int(rows)})
	})
}

func TestALongFileIsReadTheSameInChunks(t *testing.T) {
	for name, file := range map[string]string{
		"blank lines before the header": strings.Repeat(" \n", 100_000) + "b,start,duration\n441,1136214245,5\n",
		"a long line before the header": strings.Repeat(" ", 3<<20) + "\nb,start,duration\n441,1136214245,5\n",
		"a long line":                   "b,start,duration\n" + strings.Repeat("x", 5<<20) + "\r\n441,1136214245,5\n" + strings.Repeat("y", 70_000),
		"a long line with quotes":       "b,start,duration\n\"" + strings.Repeat("x\"", 3<<20) + "\n\"441\",1136214245,5\n",
		"bad quotes":                    "b,start,duration\n\"" + strings.Repeat("x\",\"\n", 30_000) + "441,1136214245,5\n",
		"one quote":                     "b,start,duration\n\"" + strings.Repeat("441,1136214245,5\n", 20_000),
		"many rows":                     "b,start,duration\n" + strings.Repeat("441,1136214245,5\n44,2026-01-01 00:00:00,6\n", 20_000),
	} {
		t.Run(name, func(t *testing.T) {
			want := readRows(strings.NewReader(file), generic)
			for _, k := range []knobs{{chunkSize, call.MaxRows}, {70_000, 100}} {
				got := readChunks(t, strings.NewReader(file), generic, k)
				if diff := cmp.Diff(len(want.Rows), len(got.Rows)); diff != "" || want.Err != got.Err {
					t.Fatalf("%v: -row by row +chunks %s\n%s\n%s", k, diff, want.Err, got.Err)
				}
				for i := range want.Rows {
					if want.Rows[i] != got.Rows[i] {
						t.Fatal(k, cmp.Diff(want.Rows[i], got.Rows[i]))
					}
				}
			}
		})
	}
}

func TestChunksOfAnInputThatFailsAreItsRowsAndTheError(t *testing.T) {
	broken := errors.New("broken")
	rapid.Check(t, func(t *rapid.T) {
		file := oddFiles(generic).Draw(t, "file")
		src := func() io.Reader { return io.MultiReader(strings.NewReader(file), iotest.ErrReader(broken)) }
		want, got := readRows(src(), generic), readChunks(t, src(), generic, drawKnobs(t))
		if !strings.Contains(got.Err, "broken") && want.Err != got.Err {
			t.Errorf("%s, want %s", got.Err, want.Err)
		}
		if diff := cmp.Diff(want.Rows, got.Rows); diff != "" {
			t.Errorf("%.2000q: -row by row +chunks\n%.4000s", file, diff)
		}
	})
}

func TestChunksAreRefusedAsFilesAre(t *testing.T) {
	for _, file := range []string{"", "\n \n", "\xff\xfea\x00", "id,start,duration\n", "\"b,start\n", "b,start,duration,b_number,b-number\n", "\uFEFF", strings.Repeat("x", 70_000) + "\n"} {
		for _, feed := range []Feed{generic, asterisk, {ID: "f", Format: "cisco", Zone: "UTC"}, {ID: "f", Format: Generic, Zone: "Local"}} {
			for _, k := range []knobs{{1, 1}, {chunkSize, call.MaxRows}} {
				sameAsReader(t, file, feed, k)
			}
		}
	}
	var file *FileError
	if _, err := OpenChunks(strings.NewReader("\xff\xfe"), generic, Limits{}); !errors.As(err, &file) {
		t.Errorf("UTF-16: %v", err)
	}
}

// Chunks are parsed by several goroutines while the next are cut.
func TestChunksAreParsedSideBySide(t *testing.T) {
	line := "c1,acme,44207,34688,2026-11-30 23:59:59,61\n\"c2\",\"ac\nme\",44207,34688,2026-11-30 23:59:59,61\nbad\n"
	file := "id,account,a,b,start,duration\n" + strings.Repeat(line, 3000)
	chunks, err := openChunks(strings.NewReader(file), generic, Limits{}, 4000)
	if err != nil {
		t.Fatal(err)
	}
	queue := make(chan *Chunk)
	var workers sync.WaitGroup
	var mu sync.Mutex
	accepted, rejected, seen := 0, 0, map[int64]bool{}
	for range 4 {
		workers.Go(func() {
			var dst call.Columns
			for k := range queue {
				for more := true; more; {
					dst.Reset()
					n := 0
					more = k.Parse(&dst, func(Row) { n++ })
					mu.Lock()
					accepted, rejected = accepted+dst.Len(), rejected+n
					for _, line := range dst.Line {
						seen[line] = true
					}
					mu.Unlock()
				}
				chunks.Free(k)
			}
		})
	}
	for {
		k, err := chunks.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		queue <- k
	}
	close(queue)
	workers.Wait()
	if accepted != 6000 || rejected != 3000 || len(seen) != 6000 {
		t.Errorf("%d accepted of %d lines, %d rejected; want 6000 and 3000", accepted, len(seen), rejected)
	}
}

// A row that is refused late leaves nothing behind in the columns of those
// that follow, though they have fewer fields.
func TestARefusedRowLeavesNothingBehind(t *testing.T) {
	const asteriskRow = `acme,44207,34688,c,"A",SIP/a-1,SIP/b,Dial,x,2026-07-01 12:00:00,2026-07-01 12:00:05,2026-07-01 12:01:06,66,61,ANSWERED,D`
	long := asteriskRow + ",1231977075.1,"
	for _, refused := range []string{strings.Replace(long, "34688", "x", 1), strings.Replace(long, "34688", "", 1)} {
		file := strings.ReplaceAll(strings.Join([]string{long, refused, asteriskRow, refused, long, asteriskRow, ""}, "\n"), `"`, "")
		sameAsReader(t, file, asterisk, knobs{chunkSize, call.MaxRows})
		sameAsReader(t, file, asterisk, knobs{chunkSize, 2})
	}
	const plain = "c1,acme,44,34688,2026-11-30 23:59:59,9,l,7\n"
	for _, bad := range []string{"c2,b,+44,x,2026-11-30 23:59:59,9,m,8\n", "c2,b,+44,+34,2026-11-30 23:59:59,9,m,x\n", "c2,b,+44,+34,x,9,m,8\n", "c2,b,+44,+34,2026-11-30 23:59:59,x,m,8\n"} {
		for _, k := range []knobs{{1, 1}, {chunkSize, 3}, {chunkSize, call.MaxRows}} {
			file := "id,account,a,b,start,duration,leg,version\n" + strings.Repeat(strings.Repeat(plain, 70)+bad+bad+plain+bad+"c3,,,34,2026-11-30 23:59:59,0,,\n", 4)
			sameAsReader(t, file, generic, k)
		}
	}
}

func TestLinesMayEndInMoreThanOneWay(t *testing.T) {
	const row = "c1,acme,44,34688,2026-11-30 23:59:59,9"
	for _, ends := range [][]string{{"\r\n", "\r"}, {"\r\n", "\n"}, {"\n", "\r\n"}} {
		rows := strings.Repeat(strings.Repeat(row+ends[0], 5)+row+ends[1], 30)
		sameAsReader(t, "id,account,a,b,start,duration\n"+rows, generic, knobs{chunkSize, call.MaxRows})
	}
}
