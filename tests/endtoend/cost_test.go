package endtoend

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/shared/documents/counting"
)

// The documents that may be read and written, whatever the number of records.
const (
	perFile    = 8
	perPeriod  = 2  // of those that a file's rows fall in
	perAccount = 12 // a month, from the setup that is there to the invoice
)

// meter is every function over stores whose documents are counted; only what
// is sent is called.
type meter struct {
	*functionstest.Installation
	docs *counting.Store
}

func newMeter(t *testing.T, p pair) *meter {
	t.Helper()
	m, err := functions.LoadManifest()
	if err != nil {
		t.Fatal(err)
	}
	stores, prefix := p.open(t, t.TempDir(), m)
	docs := counting.New(stores.Docs)
	stores.Docs = docs
	t.Cleanup(func() {
		if err := docs.Close(); err != nil {
			t.Error(err)
		}
	})
	return &meter{functionstest.New(t, stores, prefix), docs}
}

// object drops a file and returns what its own event cost.
func (x *meter) object(bucket, name string, data []byte, at time.Time) int64 {
	x.Helper()
	info := x.Place(bucket, name, string(data))
	before := x.docs.Operations()
	x.Object(bucket, info, at)
	return x.docs.Operations() - before
}

// setUp makes an installation of so many accounts with a card, and its deck.
func (x *meter) setUp(accounts int) {
	x.Helper()
	var list, cards, features []string
	for i := range accounts {
		list = append(list, fmt.Sprintf(`{"id":"a%d","cycle":"monthly","currency":"GBP"}`, i))
		cards = append(cards, fmt.Sprintf(`{"account":"a%d","from":"2026-09","card":"retail"}`, i))
		features = append(features, fmt.Sprintf(`{"id":"ten","account":"a%d","plan":"ten","start":"2026-09-01","recurring":"4.99"}`, i))
	}
	x.Import(`{"format":"tollbook setup 1","cycles":[{"id":"monthly","zone":"UTC"}],
		"cards":[{"id":"carrier","kind":"provider","currency":"GBP","activate":"at_arrival"},
		{"id":"retail","kind":"customer","currency":"GBP","activate":"at_arrival","parent":"carrier","markup":"25%","terms":{"decimals":4,"rounding":"half-up"}}],
		"plans":[{"id":"ten","minutes":10}],"feeds":[{"id":"switch","format":"generic","timezone":"UTC","cycle":"monthly"}],
		"accounts":[` + strings.Join(list, ",") + `],"assignments":[` + strings.Join(cards, ",") + `],"features":[` + strings.Join(features, ",") + `]}`)
	at := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	x.object("decks", "carrier/a.csv", []byte("prefix,price,interval 1,interval n\n44,0.06,1,1\n"), at)
	x.Schedule("cardcompile", at)
	for month := range 3 {
		x.Schedule("bundlereset", at.AddDate(0, month, 0))
	}
}

// records is a file of so many rows over so many months from September on.
func records(rows, months, accounts int) []byte {
	out := []byte("call_id,account,b_number,start_time,duration\n")
	for i := range rows {
		at := time.Date(2026, 9, 2, 0, 0, i%3600, 0, time.UTC).AddDate(0, i%months, 0)
		out = fmt.Appendf(out, "c%d-%d,a%d,442079460123,%s,60\n", rows, i, i%accounts, at.Format(time.RFC3339))
	}
	return out
}

func TestAFileCostsTheSameWhateverItsRecords(t *testing.T) {
	for _, p := range pairs {
		t.Run(p.name, func(t *testing.T) {
			x := newMeter(t, p)
			x.setUp(3)
			at := time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)
			// The first file after a change of the book makes the book: that is no file's cost.
			x.object("cdrs", "switch/first.csv", records(2, 1, 3), at)
			for _, months := range []int{1, 3} {
				for _, rows := range []int{3, 300, 10_000} {
					name := fmt.Sprintf("switch/%d-%d.csv", rows, months)
					cost := x.object("cdrs", name, records(rows, months, 3), at)
					if most := int64(perFile + perPeriod*months); cost > most {
						t.Errorf("%d rows in %d months: %d documents read and written, want at most %d", rows, months, cost, most)
					} else {
						t.Logf("%d rows in %d months: %d documents", rows, months, cost)
					}
				}
			}
		})
	}
}

func TestAMonthCostsByItsAccountsNotByTheirRecords(t *testing.T) {
	for _, p := range pairs {
		t.Run(p.name, func(t *testing.T) {
			cost := func(accounts, rows int) int64 {
				x := newMeter(t, p)
				x.setUp(accounts)
				before := x.docs.Operations()
				at := time.Date(2026, 9, 20, 0, 0, 0, 0, time.UTC)
				x.object("cdrs", "switch/a.csv", records(rows, 1, accounts), at)
				x.Schedule("billrun", time.Date(2026, 9, 20, 12, 0, 0, 0, time.UTC))
				x.Schedule("billrun", time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC))
				found, err := x.Buckets.Bills.List(x.Context(), "", "", 1000)
				if err != nil || len(found) == 0 {
					t.Fatalf("%d bills, %v", len(found), err)
				}
				return x.docs.Operations() - before
			}
			few, many := cost(20, 2000), cost(220, 2000)
			if each := (many - few + 199) / 200; each > perAccount {
				t.Errorf("20 accounts cost %d documents, 220 cost %d: %d an account, want at most %d", few, many, each, perAccount)
			} else {
				t.Logf("20 accounts cost %d documents, 220 cost %d", few, many)
			}
			if more := cost(20, 20_000); more != few {
				t.Errorf("20,000 records cost %d documents, 2,000 cost %d: want the same", more, few)
			}
		})
	}
}
