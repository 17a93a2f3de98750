package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/prefix"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/bench/gen"
)

// cards are what the records are priced by.
type cards struct {
	open []*rating.Card
	of   map[string]int // which of them a client has; nil: there is one
}

// openCards opens a card, or those of a map of clients.
func openCards(path, owners string) (_ *cards, err error) {
	c := &cards{open: make([]*rating.Card, 1)}
	if owners == "" {
		c.open[0], err = openCard(path)
		return c, err
	}
	n := 0
	if c.of, n, err = gen.ReadCardMap(owners); err != nil {
		return nil, err
	}
	c.open = make([]*rating.Card, n)
	for i := range c.open {
		if c.open[i], err = openCard(filepath.Join(path, strconv.Itoa(i))); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// blocks returns how many bytes chunks have, and how many records are priced at
// once: of several cards each is to have some of them.
func (c *cards) blocks() (bytes, rows int) {
	if c.of != nil {
		return 8 * chunkBytes, call.MaxRows
	}
	return chunkBytes, blockRows
}

func openCard(path string) (_ *rating.Card, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data := objects.Buffer(int(info.Size()))
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, err
	}
	return rating.Open(data)
}

// pricer prices records, each by the card of its client: a block of records is
// put in the order of their cards, so that each card prices its own at once.
type pricer struct {
	cards   *cards
	pricers []*rating.Pricer
	clients call.Interner
	of      []uint32 // the card of each client that was seen

	// Of a block in the order of its cards; place is where a record is in it.
	card, place []uint32 // by record
	ends        []uint32 // by card
	keys        []prefix.Key
	quantities  []int64
	instants    []int64
	charges     []rating.Charge
}

func (c *cards) newPricer() *pricer {
	p := &pricer{cards: c}
	for _, card := range c.open {
		p.pricers = append(p.pricers, card.NewPricer())
	}
	if c.of != nil {
		p.card, p.place, p.ends = make([]uint32, call.MaxRows), make([]uint32, call.MaxRows), make([]uint32, len(c.open)+1)
		p.keys, p.charges = make([]prefix.Key, call.MaxRows), make([]rating.Charge, call.MaxRows)
		p.quantities, p.instants = make([]int64, call.MaxRows), make([]int64, call.MaxRows)
	}
	return p
}

// price sets the charges of records, whose called numbers have the keys.
func (p *pricer) price(r *call.Columns, keys []prefix.Key, charges []rating.Charge) error {
	if p.cards.of == nil {
		p.pricers[0].PriceBlock(&rating.Block{Kind: call.Voice, Numbers: keys, Quantities: r.Nanos, Instants: r.Instant, Charges: charges})
		return nil
	}
	if err := p.sort(r, keys); err != nil {
		return err
	}
	from := uint32(0)
	for i, card := range p.pricers {
		if to := p.ends[i]; to > from {
			card.PriceBlock(&rating.Block{
				Kind: call.Voice, Numbers: p.keys[from:to], Quantities: p.quantities[from:to], Instants: p.instants[from:to], Charges: p.charges[from:to],
			})
			from = to
		}
	}
	for i := range charges {
		charges[i] = p.charges[p.place[i]]
	}
	return nil
}

// sort puts what is priced of the records in the order of their cards.
func (p *pricer) sort(r *call.Columns, keys []prefix.Key) error {
	clear(p.ends)
	for i, span := range r.Account {
		card, err := p.cardOf(r.Bytes(span))
		if err != nil {
			return err
		}
		p.card[i] = card
		p.ends[card+1]++
	}
	for i := 1; i < len(p.ends); i++ {
		p.ends[i] += p.ends[i-1]
	}
	for i, card := range p.card[:len(keys)] { // where the card's next record goes, and at last its end
		at := p.ends[card]
		p.ends[card]++
		p.place[i], p.keys[at], p.quantities[at], p.instants[at] = at, keys[i], r.Nanos[i], r.Instant[i]
	}
	return nil
}

func (p *pricer) cardOf(client []byte) (uint32, error) {
	id := p.clients.ID(client)
	if int(id) == len(p.of) {
		card, ok := p.cards.of[string(client)]
		if !ok {
			return 0, fmt.Errorf("client %q has no card", client)
		}
		p.of = append(p.of, uint32(card))
	}
	return p.of[id], nil
}
