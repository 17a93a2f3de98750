// Command naive rates a file of call records as a good Go program does that
// was written in an afternoon: encoding/csv, a map of prefixes that is asked
// from the longest to the shortest, and a decimal library for money. It is a
// rival of the benchmark, and the judge of the answers: it shares no code with
// the product.
package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "naive:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("naive", flag.ContinueOnError)
	deckFile := flags.String("deck", "", "the rate `deck`, CSV, or with -map a folder of them")
	owners := flags.String("map", "", "the `file` that says which deck each client has")
	cdrs := flags.String("cdrs", "", "the `file` of records, CSV")
	out := flags.String("out", "", "the `file` of charges to write")
	totals := flags.String("totals", "", "the `file` of totals to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r := &rater{clients: map[string]*total{}}
	var err error
	if *owners == "" {
		r.deck, err = readDeck(*deckFile)
	} else {
		r.decks, err = readDecks(*deckFile, *owners)
	}
	if err != nil {
		return fmt.Errorf("reading the deck: %w", err)
	}
	if err := r.rateFile(*cdrs, *out); err != nil {
		return fmt.Errorf("rating: %w", err)
	}
	if err := r.writeTotals(*totals); err != nil {
		return fmt.Errorf("writing the totals: %w", err)
	}
	return json.NewEncoder(stdout).Encode(r.summary())
}

type rate struct {
	perMinute, fee       decimal.Decimal
	interval1, intervalN int64
}

type deck struct {
	rates   map[string]rate
	longest int // digits
}

func readDeck(path string) (_ *deck, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	in := csv.NewReader(bufio.NewReaderSize(f, 1<<20))
	in.ReuseRecord = true
	if _, err := in.Read(); err != nil {
		return nil, fmt.Errorf("the header: %w", err)
	}
	d := &deck{rates: map[string]rate{}}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return d, nil
		}
		if err != nil {
			return nil, err
		}
		var r rate
		if r.perMinute, err = decimal.NewFromString(row[2]); err != nil {
			return nil, fmt.Errorf("prefix %s: %w", row[0], err)
		}
		if r.interval1, err = strconv.ParseInt(row[3], 10, 64); err != nil {
			return nil, fmt.Errorf("prefix %s: %w", row[0], err)
		}
		if r.intervalN, err = strconv.ParseInt(row[4], 10, 64); err != nil {
			return nil, fmt.Errorf("prefix %s: %w", row[0], err)
		}
		if r.fee, err = decimal.NewFromString(row[5]); err != nil {
			return nil, fmt.Errorf("prefix %s: %w", row[0], err)
		}
		d.rates[row[0]] = r
		d.longest = max(d.longest, len(row[0]))
	}
}

// readDecks returns the deck of each client.
func readDecks(dir, owners string) (map[string]*deck, error) {
	data, err := os.ReadFile(owners)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, err
	}
	decks, of := map[string]*deck{}, map[string]*deck{}
	for _, row := range rows[1:] {
		d := decks[row[1]]
		if d == nil {
			if d, err = readDeck(filepath.Join(dir, row[1])); err != nil {
				return nil, err
			}
			decks[row[1]] = d
		}
		of[row[0]] = d
	}
	return of, nil
}

// match returns the rate with the longest prefix of a number.
func (d *deck) match(number string) (prefix string, r rate, ok bool) {
	for n := min(d.longest, len(number)); n > 0; n-- {
		if r, ok := d.rates[number[:n]]; ok {
			return number[:n], r, true
		}
	}
	return "", rate{}, false
}

var sixty = decimal.NewFromInt(60)

func (r rate) charge(seconds int64) (billed int64, amount decimal.Decimal) {
	billed = r.interval1
	if seconds > billed {
		billed += (seconds - billed + r.intervalN - 1) / r.intervalN * r.intervalN
	}
	return billed, r.perMinute.Mul(decimal.NewFromInt(billed)).Div(sixty).Add(r.fee).Round(4)
}

type total struct {
	calls, billed int64
	charge        decimal.Decimal
}

type rater struct {
	deck                *deck            // of all clients, or
	decks               map[string]*deck // of each
	clients             map[string]*total
	rows, rated, reject int64
}

func (r *rater) rateFile(cdrs, out string) (err error) {
	in, err := os.Open(cdrs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	records := csv.NewReader(bufio.NewReaderSize(in, 1<<20))
	records.ReuseRecord = true
	if _, err := records.Read(); err != nil {
		return fmt.Errorf("the header: %w", err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	charges := csv.NewWriter(w)
	row := []string{"call_id", "client_id", "prefix", "billed_seconds", "charge"}
	if err := charges.Write(row); err != nil {
		return err
	}
	for {
		record, err := records.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		r.rows++
		ok, err := r.rateRecord(record, row)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := charges.Write(row); err != nil {
			return err
		}
	}
	charges.Flush()
	return errors.Join(charges.Error(), w.Flush())
}

// rateRecord fills row with the charge of a record; false: it has none.
func (r *rater) rateRecord(record, row []string) (bool, error) {
	id, client, number := record[0], record[1], record[3]
	if _, err := time.Parse(time.RFC3339, record[4]); err != nil {
		r.reject++
		return false, nil
	}
	seconds, err := strconv.ParseInt(record[5], 10, 64)
	if err != nil || seconds < 0 {
		r.reject++
		return false, nil
	}
	d := r.deck
	if r.decks != nil {
		if d = r.decks[client]; d == nil {
			return false, fmt.Errorf("client %q has no deck", client)
		}
	}
	prefix, rate, ok := d.match(number)
	if !ok {
		return false, nil
	}
	billed, charge := rate.charge(seconds)
	r.rated++
	t := r.clients[client]
	if t == nil {
		t = &total{}
		r.clients[client] = t
	}
	t.calls++
	t.billed += billed
	t.charge = t.charge.Add(charge)
	row[0], row[1], row[2], row[3], row[4] = id, client, prefix, strconv.FormatInt(billed, 10), charge.StringFixed(4)
	return true, nil
}
