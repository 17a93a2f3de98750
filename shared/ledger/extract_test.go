package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/tollbook/tollbook/shared/export"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

func (h *house) extract(of string) *ledger.Extract {
	h.t.Helper()
	x, err := h.Extract(h.ctx(), of)
	if err != nil {
		h.t.Fatal(err)
	}
	return x
}

// records returns what an extract says of every row.
func (h *house) records(of string) []string {
	h.t.Helper()
	var out []string
	err := h.extract(of).Each(h.ctx(), func(r *export.Record) error {
		money := ""
		if r.Folded {
			money = fmt.Sprintf(" covered %d due %s", r.Row.Covered, r.Row.Due)
		}
		out = append(out, fmt.Sprintf("%s line %d %s %s%s %s %q %s%s %s", r.Period, r.Row.Line, r.Row.Account, r.Row.Status, r.Row.Reason, r.Row.Charge, r.Currency, r.Row.PrefixDigits(), money, r.Row.Flags))
		// Of rows without a price, those that a card was asked for have its image.
		rated, image := r.Row.Status.String() == "rated", strings.HasPrefix(r.Image, "images/")
		if rated && !image || image && !rated && (r.Row.Reason == "" || r.Row.Reason == "no_account") {
			h.t.Errorf("line %d, %s, has the card image %q", r.Row.Line, r.Row.Status, r.Image)
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func (h *house) someMonths() ledger.Batch {
	h.t.Helper()
	return h.deliver("a.csv",
		"9,beta,,442079460000,2026-12-02 00:00:00,60",
		"x,beta,,442079460000,never,60",
		"1,acme,,442079460000,2026-11-02 00:00:00,40",
		"2,acme,,442079460000,2026-11-03 00:00:00,40", // 20 s of it are left in the bundle
		"4,beta,,447000000000,2026-11-03 00:00:00,10", // blocked
		"5,who,,442079460000,2026-11-03 00:00:00,10",  // no such account
		"1,acme,,442079460000,2026-11-02 00:00:00,40",
	)
}

func TestAnExtractOfABatchHasItsAcceptedRowsInTheOrderOfItsFile(t *testing.T) {
	h := newHouse(t)
	b := h.someMonths()
	x := h.extract(b.ID)
	if x.Counts.Rows != b.Counts.Accepted+b.Counts.Unrated || x.Counts.Charged != b.Counts.Accepted || x.Decimals != 4 {
		t.Errorf("counts %+v with %d decimals, of a batch with %+v", x.Counts, x.Decimals, b.Counts)
	}
	same(t, "records", h.records(b.ID),
		`m:2026-12 line 2 beta rated 0.0600 "GBP" 44 `,
		`m:2026-11 line 4 acme rated 0.0400 "GBP" 44 `,
		`m:2026-11 line 5 acme rated 0.0400 "GBP" 44 `,
		`m:2026-11 line 6 beta unratedblocked 0 "GBP" 4470 `,
		`m:2026-11 line 7 who unratedno_account 0 ""  `,
		`m:2026-11 line 8 acme rated 0.0400 "GBP" 44 `,
	)
}

func TestAnExtractOfAMonthHasEveryRowWithWhatIsDue(t *testing.T) {
	h := newHouse(t)
	b := h.someMonths()
	h.deliver("b.csv", "2,acme,,442079460000,2026-11-03 00:00:00,41") // another of the same call: the greater hash stands
	november := []string{
		`m:2026-11 line 4 acme rated 0.0400 "GBP" 44 covered 40 due 0.0000 bundled`,
		`m:2026-11 line 8 acme duplicate 0 ""  covered 0 due 0 `,
	}
	for _, state := range []string{"open", "issued"} {
		got := h.records("m:2026-11")
		for _, want := range november {
			if !strings.Contains(strings.Join(got, "\n"), want) {
				t.Errorf("%s: no record %q in\n%s", state, want, strings.Join(got, "\n"))
			}
		}
		counts := h.extract("m:2026-11").Counts
		if want := (ledger.MonthCounts{Rows: 6, Charged: 2, Unrated: 2, Duplicate: 1, Superseded: 1}); counts != want || len(got) != 6 {
			t.Errorf("%s: %d records, counts %+v; want %+v", state, len(got), counts, want)
		}
		h.close("2026-11")
	}
	// What came late is not of what was issued.
	h.deliver("late.csv", "7,beta,,442079460000,2026-11-05 00:00:00,60")
	if got := h.extract("m:2026-11").Counts.Rows; got != 6 {
		t.Errorf("%d records after a late file, want the 6 that were issued", got)
	}
	h.close("2026-12")
	if got := strings.Join(h.records("m:2026-11"), "\n"); !strings.Contains(got, "line 2 beta rated 0.0600 \"GBP\" 44 covered 0 due 0.0600 late") {
		t.Errorf("the correction was issued, and November's records are\n%s", got)
	}
	for _, month := range []string{"2026-11", "2026-12"} {
		res, err := h.Issued(t.Context(), key(month))
		if err != nil {
			t.Fatal(err)
		}
		if got := int64(len(h.records("m:" + month))); got != res.Counts.Rows {
			t.Errorf("%s: %d records of %d rows", month, got, res.Counts.Rows)
		}
	}
	if err := h.Withdraw(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Extract(t.Context(), b.ID); !errors.Is(err, ledger.ErrState) {
		t.Errorf("extract of a withdrawn batch: %v, want ErrState", err)
	}
}

var (
	exported = time.Date(2026, 11, 20, 23, 59, 0, 0, time.UTC)
	weekOn   = exported.Add(ledger.ExportsKept)
)

// files reads the exports that there are: "name rows".
func (h *house) files() []string {
	h.t.Helper()
	found, err := h.buckets.Work.List(h.ctx(), "exports/", "", 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, info := range found {
		data := h.read(info)
		f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			h.t.Fatalf("%s: %v", info.Name, err)
		}
		parts := strings.Split(info.Name, "/")
		out = append(out, fmt.Sprintf("%s %s/%s %d", parts[1], parts[2], parts[4], f.NumRows()))
	}
	return out
}

func (h *house) read(info objects.Info) []byte {
	h.t.Helper()
	r, err := h.buckets.Work.OpenRange(h.ctx(), info.Name, info.Generation, 0, -1)
	if err != nil {
		h.t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		h.t.Fatal(err)
	}
	return data
}

func TestAnExportIsFilesOfSoManyRowsAndIsKeptAWeek(t *testing.T) {
	h := newHouse(t)
	b := h.someMonths()
	for range 2 { // the second time finds what is there
		x := h.extract(b.ID)
		x.FileRows = 4
		files, err := h.StoreExtract(t.Context(), x, export.Parquet, "job", exported)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != 2 || files[0].Rows != 4 || files[1].Rows != 2 || files[0].Size == 0 {
			t.Errorf("files %+v, want 4 and 2 rows", files)
		}
	}
	if _, err := h.StoreExtract(t.Context(), h.extract("m:2026-11"), export.Parquet, "another", exported.Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	empty := ledger.Key{Cycle: "m", Month: key("2027-01").Month}
	if err := h.OpenPeriod(t.Context(), empty, "UTC"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.StoreExtract(t.Context(), h.extract("m:2027-01"), export.Parquet, "none", exported.Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	next := []string{"2026-11-21 another/m-2026-11-0001.parquet 5", "2026-11-21 none/m-2027-01-0001.parquet 0"}
	same(t, "files", h.files(), append([]string{"2026-11-20 job/" + b.ID + "-0001.parquet 4", "2026-11-20 job/" + b.ID + "-0002.parquet 2"}, next...)...)
	for _, c := range []struct {
		at      time.Time
		deleted int
	}{{weekOn, 0}, {weekOn.Add(24 * time.Hour), 2}, {weekOn.Add(24 * time.Hour), 0}} {
		if n, err := h.DeleteExports(t.Context(), c.at); n != c.deleted || err != nil {
			t.Errorf("%d deleted at %s, %v; want %d", n, c.at, err, c.deleted)
		}
	}
	same(t, "files a week after", h.files(), next...)
}

func TestAnExportOfMoreRowsThanFilesHoldIsRefused(t *testing.T) {
	h := newHouse(t)
	x := h.extract(h.someMonths().ID)
	x.Counts.Rows = ledger.ExportFileRows*ledger.MaxExportFiles + 1
	if _, err := h.StoreExtract(t.Context(), x, export.CSV, "job", exported); !errors.Is(err, ledger.ErrState) {
		t.Errorf("error %v, want ErrState", err)
	}
}

// exportless creates no files, some after it has read them.
type exportless struct {
	objects.Bucket
	read bool
}

var errRefused = errors.New("refused")

func (r exportless) Create(_ context.Context, name string, content io.Reader) (objects.Info, error) {
	if strings.HasPrefix(name, "exports/") && r.read {
		if _, err := io.Copy(io.Discard, content); err != nil {
			return objects.Info{}, err
		}
	}
	return objects.Info{}, errRefused
}

func TestAnExportThatCannotBeStoredIsAnErrorAndLeavesNothing(t *testing.T) {
	for _, read := range []bool{false, true} {
		h := newHouse(t)
		b := h.someMonths()
		broken := h.buckets
		broken.Work = exportless{broken.Work, read}
		l := ledger.New(h.docs, broken)
		x, err := l.Extract(t.Context(), b.ID)
		if err != nil {
			t.Fatal(err)
		}
		if files, err := l.StoreExtract(t.Context(), x, export.CSV, "job", exported); !errors.Is(err, errRefused) {
			t.Errorf("files %v, error %v; want it refused", files, err)
		}
		// Records that cannot be read leave no file either.
		x = h.extract(b.ID)
		x.Counts.Charged++
		if files, err := h.StoreExtract(t.Context(), x, export.CSV, "job", exported); !errors.Is(err, ledger.ErrDamaged) {
			t.Errorf("files %v, error %v; want ErrDamaged", files, err)
		}
		same(t, "files", h.files())
	}
}
