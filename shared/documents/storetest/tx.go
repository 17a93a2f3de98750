package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/tollbook/tollbook/shared/documents"
)

func runTx(t *testing.T, s documents.Store, f func(tx documents.Tx) error) error {
	t.Helper()
	return s.RunTx(t.Context(), func(_ context.Context, tx documents.Tx) error { return f(tx) })
}

func testTxAtomic(t *testing.T, s documents.Store) {
	create(t, s, "change", documents.Fields{"size": int64(1)})
	create(t, s, "remove", documents.Fields{"size": int64(2)})
	unchanged := get(t, s, "change").Version
	all := func(tx documents.Tx) error {
		docs, err := tx.GetMany([]documents.Path{item("remove"), item("change"), item("new")})
		if err != nil {
			return err
		}
		if !docs[0].Exists() || !docs[1].Exists() || docs[2].Exists() {
			return fmt.Errorf("read %+v", docs)
		}
		return errors.Join(tx.Create(item("new"), documents.Fields{"size": int64(0)}),
			tx.Put(item("change"), documents.Fields{"size": int64(3)}), tx.Delete(item("remove")))
	}
	stop := errors.New("stop")
	err := runTx(t, s, func(tx documents.Tx) error {
		if err := all(tx); err != nil {
			return err
		}
		return stop
	})
	wantErr(t, "transaction whose function failed", err, stop)
	wantIDs(t, s, documents.Query{Name: "by_size"}, "change", "remove")
	if got := get(t, s, "change").Version; got != unchanged {
		t.Errorf("the failed transaction left version %q, want %q", got, unchanged)
	}
	err = runTx(t, s, func(tx documents.Tx) error {
		if err := all(tx); err != nil {
			return err
		}
		return tx.Create(item("x"), documents.Fields{"bad": 1.5})
	})
	wantErr(t, "transaction with a bad write", err, documents.ErrInvalid)
	wantIDs(t, s, documents.Query{Name: "by_size"}, "change", "remove")

	if err := runTx(t, s, all); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, s, documents.Query{Name: "by_size"}, "new", "change")
	wantFields(t, get(t, s, "change").Fields, documents.Fields{"size": int64(3)})
	if err := runTx(t, s, func(documents.Tx) error { return nil }); err != nil {
		t.Errorf("empty transaction: %v", err)
	}
}

func testTxRules(t *testing.T, s documents.Store) {
	v := create(t, s, "a", documents.Fields{"n": int64(1)})
	create(t, s, "b", nil)
	read := func(tx documents.Tx, id string) error { _, err := tx.Get(item(id)); return err }
	for name, f := range map[string]func(tx documents.Tx) error{
		"get after a write": func(tx documents.Tx) error {
			return errors.Join(tx.Create(item("x"), nil), read(tx, "a"))
		},
		"get many after a write": func(tx documents.Tx) error {
			err := tx.Create(item("x"), nil)
			_, many := tx.GetMany([]documents.Path{item("a")})
			return errors.Join(err, many)
		},
		"get after a write, its error dropped": func(tx documents.Tx) error {
			err := tx.Create(item("x"), nil)
			if read(tx, "a") == nil {
				t.Error("a read after a write was answered")
			}
			return err
		},
		"put of what was not read":    func(tx documents.Tx) error { return tx.Put(item("a"), nil) },
		"delete of what was not read": func(tx documents.Tx) error { return tx.Delete(item("a")) },
		"put of what was not found": func(tx documents.Tx) error {
			wantErr(t, "get of a missing document", read(tx, "x"), documents.ErrNotFound)
			return tx.Put(item("x"), nil)
		},
		"delete of what was not found": func(tx documents.Tx) error {
			wantErr(t, "get of a missing document", read(tx, "x"), documents.ErrNotFound)
			return tx.Delete(item("x"))
		},
		"put of what it created": func(tx documents.Tx) error {
			return errors.Join(tx.Create(item("x"), nil), tx.Put(item("x"), nil))
		},
		"second write of a document": func(tx documents.Tx) error {
			return errors.Join(read(tx, "a"), tx.Put(item("a"), nil), tx.Delete(item("a")))
		},
		"too many at once": func(tx documents.Tx) error {
			_, err := tx.GetMany(make([]documents.Path, documents.MaxGetMany+1))
			return err
		},
	} {
		wantErr(t, name, runTx(t, s, f), documents.ErrInvalid)
	}
	for name, f := range map[string]func(tx documents.Tx) error{
		"create of what exists":                     func(tx documents.Tx) error { return tx.Create(item("a"), nil) },
		"create of what exists, its error dropped":  func(tx documents.Tx) error { _ = tx.Create(item("a"), nil); return nil },
		"create of what exists, after other writes": func(tx documents.Tx) error { _ = tx.Create(item("y"), nil); return tx.Create(item("a"), nil) },
	} {
		wantErr(t, name, runTx(t, s, f), documents.ErrExists)
	}
	if doc := get(t, s, "a"); doc.Version != v {
		t.Errorf("the refused transactions left %+v, want version %q", doc, v)
	}
	wantIDs(t, s, documents.Query{Name: "all"}, "a", "b")

	var kept documents.Tx
	err := s.RunTx(t.Context(), func(ctx context.Context, tx documents.Tx) error {
		kept = tx
		for call, err := range calls(ctx, s, item("x"), "all") {
			wantErr(t, call+" inside a transaction", err, documents.ErrInvalid)
		}
		return nil
	})
	if err != nil {
		t.Errorf("transaction around refused calls: %v", err)
	}
	wantErr(t, "get after the end", read(kept, "a"), documents.ErrInvalid)
	wantErr(t, "create after the end", kept.Create(item("x"), nil), documents.ErrInvalid)
}

func testTxLimits(t *testing.T, s documents.Store) {
	writes := func(n int, f documents.Fields) error {
		return runTx(t, s, func(tx documents.Tx) error {
			for i := range n {
				if err := tx.Create(item(documents.ID(fmt.Sprint(n), fmt.Sprint(i))), f); err != nil {
					return err
				}
			}
			return nil
		})
	}
	wantErr(t, "a write too many", writes(documents.MaxTxWrites+1, nil), documents.ErrInvalid)
	if err := writes(documents.MaxTxWrites, nil); err != nil {
		t.Errorf("%d writes: %v", documents.MaxTxWrites, err)
	}
	large := documents.Fields{"v": bytes.Repeat([]byte{1}, documents.MaxDocument/2)}
	wantErr(t, "too many bytes", writes(8, large), documents.ErrInvalid)
	if err := writes(5, large); err != nil {
		t.Errorf("as many bytes as a transaction takes: %v", err)
	}
	if n, err := s.Count(t.Context(), documents.Query{Name: "all"}); err != nil || n != documents.MaxTxWrites+5 {
		t.Errorf("%d documents, %v, want %d", n, err, documents.MaxTxWrites+5)
	}
}

func testTxNoLostUpdate(t *testing.T, s documents.Store) {
	const writers, rounds = 5, 4
	create(t, s, "counter", documents.Fields{"n": int64(0)})
	for _, err := range together(writers, func(int) error {
		for range rounds {
			err := retry(func() error {
				return s.RunTx(t.Context(), func(_ context.Context, tx documents.Tx) error {
					doc, err := tx.Get(item("counter"))
					if err != nil {
						return err
					}
					return tx.Put(item("counter"), documents.Fields{"n": doc.Fields["n"].(int64) + 1})
				})
			})
			if err != nil {
				return err
			}
		}
		return nil
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	wantFields(t, get(t, s, "counter").Fields, documents.Fields{"n": int64(writers * rounds)})
}

// testTxNoWriteSkew: each transaction reads both documents and raises its own
// if the other is zero; if both could succeed on the same state, both would
// end above zero.
func testTxNoWriteSkew(t *testing.T, s documents.Store) {
	for round := range 5 {
		pair := []documents.Path{item(fmt.Sprint(round, "a")), item(fmt.Sprint(round, "b"))}
		for _, p := range pair {
			create(t, s, p.ID, documents.Fields{"n": int64(0)})
		}
		raise := func(i int) error {
			return s.RunTx(t.Context(), func(_ context.Context, tx documents.Tx) error {
				docs, err := tx.GetMany(pair)
				if err != nil || docs[1-i].Fields["n"] != int64(0) {
					return err
				}
				return tx.Put(pair[i], documents.Fields{"n": int64(1)})
			})
		}
		for _, err := range together(2, func(i int) error { return retry(func() error { return raise(i) }) }) {
			if err != nil {
				t.Fatal(err)
			}
		}
		a, b := get(t, s, pair[0].ID).Fields["n"].(int64), get(t, s, pair[1].ID).Fields["n"].(int64)
		if a+b != 1 {
			t.Errorf("round %d: %d and %d, want exactly one raised", round, a, b)
		}
	}
}
