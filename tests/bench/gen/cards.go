package gen

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strconv"
)

// MaxCards bounds how many cards the clients share.
const MaxCards = Clients

// WriteCardMap writes which of several cards each client of the records has.
func WriteCardMap(w io.Writer, cards int) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "client_id,card") // a failure stays with out until Flush
	for client := 1; client <= Clients; client++ {
		fmt.Fprintf(out, "%d,%d\n", client, (client-1)%cards)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the cards of clients: %w", err)
	}
	return nil
}

// ReadCardMap reads a file that WriteCardMap wrote: the card of each client,
// and how many cards there are.
func ReadCardMap(path string) (of map[string]int, cards int, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the cards of clients: %w", err)
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, 0, fmt.Errorf("reading the cards of clients: %s: %w", path, err)
	}
	of = map[string]int{}
	for i, row := range rows[min(1, len(rows)):] { // behind the header
		card, err := strconv.Atoi(row[1])
		if err != nil || card < 0 || card >= MaxCards {
			return nil, 0, fmt.Errorf("reading the cards of clients: %s: line %d: card %q, want 0 to %d", path, i+2, row[1], MaxCards-1)
		}
		of[row[0]] = card
		cards = max(cards, card+1)
	}
	return of, cards, nil
}
